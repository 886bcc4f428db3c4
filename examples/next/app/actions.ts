// A server action that signs in.
// It commits and sets the cookies before `redirect()`, which throws.
"use server";

import { cookies, headers } from "next/headers";
import { redirect } from "next/navigation";
import { committed, loaded } from "../sessions";

export async function signIn(form: FormData): Promise<void> {
  const session = await loaded({ headers: await headers() });
  session.regenerateId();
  session.set("name", String(form.get("name")));
  await committed(session, await cookies());
  redirect("/private");
}
