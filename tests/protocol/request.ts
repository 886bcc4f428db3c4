// Sends a request as its plan says, and notes how it ends.

import type { Session, Sessions } from "edge-session";
import { type Course, commits, conclude, handler, type Plan, type Surroundings } from "./course.ts";
import { COOKIE } from "./doors.ts";

/** Sends a request with a browser's cookie, or opens the session by its id; resolves when that is over. */
export async function send(course: Course, sessions: Sessions, cookie: string | undefined, id: string, around: Surroundings): Promise<void> {
  const { plan } = course;
  const handle = async (session: Session): Promise<Response> => {
    course.session = session;
    course.sentId = session.id;
    try {
      return await handler(course, session, around);
    } catch (error) {
      // Where the store failed, `handle` answers in its place.
      course.error = error;
      throw error;
    }
  };
  try {
    if (plan.byId === true) {
      const session = sessions.openById(id);
      course.response = await handle(session);
      await commits(course, session);
    } else course.response = await sessions.handle(requestWith(cookie, plan), undefined, handle);
  } catch (error) {
    course.response = undefined;
    course.error = error;
  }
  conclude(course);
}

/** Makes a navigation, or a request for an image. */
export function requestWith(cookie: string | undefined, { image = false }: Pick<Plan, "image"> = {}): { method: string; headers: Headers } {
  const headers = new Headers(image ? { "sec-fetch-mode": "no-cors" } : { "sec-fetch-mode": "navigate" });
  if (cookie !== undefined) headers.set("cookie", `${COOKIE}=${cookie}`);
  return { method: "GET", headers };
}

/** Gives the cookie that an answer sets, empty where it makes the browser forget. */
export function sentCookie(response: Response | undefined): string | undefined {
  const line = response?.headers.getSetCookie().find((each) => each.startsWith(`${COOKIE}=`));
  return line?.slice(COOKIE.length + 1, line.indexOf(";"));
}
