// A page behind the proxy.

import { headers } from "next/headers";
import { loaded } from "../../sessions";

export default async function Private() {
  const session = await loaded({ headers: await headers() });
  return <p>{`Hello, ${session.get("name")}.`}</p>;
}
