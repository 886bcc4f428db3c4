//! A Rust worker that uses the crate: no JavaScript of ours.

mod store;

use std::sync::OnceLock;

use edge_session::session::{Random, StoreCall};
use edge_session::{Error, Options, Session, Sessions};
use serde_json::json;
use store::Store;
use worker::{Context, Date, Delay, Env, Request, Response, Result, event};

/// One for all requests, made by the first: secrets exist only inside one.
static SESSIONS: OnceLock<Sessions> = OnceLock::new();

/// Counts a visitor's visits.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    let sessions = sessions(&env)?;
    let store = Store::new(&env)?;
    let cookie_header = request.headers().get("cookie")?.unwrap_or_default();

    let mut session = sessions.open(cookie_header, now_ms());
    let call = session.load();
    finish(&mut session, &store, call).await?;
    session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1).map_err(refused)?;
    let call = session.commit(now_ms(), random()?).map_err(refused)?;
    finish(&mut session, &store, call).await?;

    let mut response = Response::from_json(&json!({ "visits": session.get::<u32>("visits").map_err(refused)? }))?;
    let headers = response.headers_mut();
    headers.set("Cache-Control", "private, no-store")?;
    for line in session.set_cookie_headers() {
        headers.append("Set-Cookie", &line)?;
    }
    Ok(response)
}

/// Makes the calls that a session asks for, until there is none.
async fn finish(session: &mut Session<'_>, store: &Store, mut call: Option<StoreCall>) -> Result<()> {
    while let Some(StoreCall { wait_ms, operation, .. }) = call {
        if wait_ms > 0 {
            Delay::from(std::time::Duration::from_millis(wait_ms.into())).await;
        }
        let answer = store.ask(operation).await;
        call = session.answer(answer, now_ms(), random()?).map_err(refused)?;
    }
    Ok(())
}

fn sessions(env: &Env) -> Result<&'static Sessions> {
    if let Some(sessions) = SESSIONS.get() {
        return Ok(sessions);
    }
    let secret = env.var("SESSION_SECRET")?.to_string().into_bytes();
    let sessions = Sessions::new(Options::new(vec![secret])).map_err(refused)?;
    Ok(SESSIONS.get_or_init(|| sessions))
}

fn now_ms() -> u64 {
    Date::now().as_millis()
}

fn random() -> Result<Random> {
    Random::draw(getrandom::fill).map_err(|_| worker::Error::from("no randomness"))
}

fn refused(error: Error) -> worker::Error {
    worker::Error::from(error.code())
}
