// Calls a worker many times in one request.

/**
 * A second entry point beside the worker itself: with `?calls=N` it makes N requests of its own and has the worker answer them, so that what HTTP
 * costs is paid once.
 */
export function loopOver(worker) {
  return {
    async fetch(request, env, ctx) {
      const url = new URL(request.url);
      const calls = Number(url.searchParams.get("calls"));
      const target = url.origin + url.pathname;
      const cookie = request.headers.get("cookie");
      const init = cookie === null ? {} : { headers: { cookie } };
      for (let done = 0; done < calls; done++) {
        const response = await worker.fetch(new Request(target, init), env, ctx);
        if (response.status !== 200) return new Response(`answer ${done} was ${response.status}`, { status: 500 });
      }
      return Response.json({ calls });
    },
  };
}
