// The h3 worker without sessions.
import { H3 } from "h3";
import { values } from "./values.mjs";

const app = new H3();
app.get("/none", () => ({ counter: 0 }));
app.get("/seed", () => ({ counter: values.counter }));
app.get("/read", () => ({ counter: values.counter }));
app.get("/write", () => ({ counter: values.counter + 1 }));

export default { fetch: (request) => app.fetch(request) };
