// Sends the same requests over kept-alive connections.
import { connect } from "node:net";

/** The bytes of a GET with one Cookie header, or none. */
export function requestText(path, cookie) {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n${cookie === undefined ? "" : `Cookie: ${cookie}\r\n`}\r\n`;
}

/**
 * Opens one connection per text, on which that text is sent again and again. `send(count)` resolves when as many answers of status 200 are in.
 * Close it soon: workerd closes a connection that is idle for 5 s.
 */
export async function openLoad(port, texts) {
  const connections = await Promise.all(texts.map((text) => openConnection(port, text)));
  return {
    send: async (count) => {
      let left = count;
      const next = () => left-- > 0;
      await Promise.all(connections.map((connection) => connection.run(next)));
    },
    close: () => {
      for (const connection of connections) connection.close();
    },
  };
}

async function openConnection(port, text) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  let received = "";
  let running;
  let failure;
  const fail = (reason) => {
    failure ??= new Error(reason);
    running?.reject(failure);
  };
  const turn = () => {
    if (running.next()) socket.write(text);
    else running.resolve();
  };
  socket.setEncoding("latin1");
  socket.on("error", () => fail("a connection failed"));
  socket.on("close", () => fail("a connection was closed"));
  socket.on("data", (chunk) => {
    received = received === "" ? chunk : received + chunk;
    const end = answerEnd(received);
    if (end < 0 || received.length < end) return;
    if (!received.startsWith("HTTP/1.1 200")) return fail("an answer was not of status 200");
    received = received.slice(end);
    turn();
  });
  const run = (next) =>
    new Promise((resolve, reject) => {
      running = { next, resolve, reject };
      if (failure !== undefined) reject(failure);
      else turn();
    });
  return { run, close: () => socket.destroy() };
}

/** Where the first answer ends, or -1 while its head is not complete. Every answer measured here has a Content-Length. */
function answerEnd(text) {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return -1;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, headEnd));
  if (length === null) throw new Error("an answer has no Content-Length");
  return headEnd + 4 + Number(length[1]);
}
