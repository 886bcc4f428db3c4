// A server component, which reads and cannot set a cookie.
// The form's action writes.

import { headers } from "next/headers";
import { loaded } from "../sessions";
import { signIn } from "./actions";

export default async function Page() {
  const session = await loaded({ headers: await headers() });
  return (
    <form action={signIn}>
      <p>{`name: ${session.get("name") ?? "nobody"}, visits: ${session.get("visits") ?? 0}`}</p>
      <input name="name" />
      <button type="submit">Sign in</button>
    </form>
  );
}
