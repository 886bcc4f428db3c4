//! The store's operations as Redis commands over Upstash REST.

use edge_session::Error;
use edge_session::session::{StoreAnswer, StoreOperation};
use serde_json::{Value, json};
use worker::{Env, Fetch, Headers, Method, Request, RequestInit, Result};

/// ARGV: time to live, record. 1: stored, now or by an earlier try; else the record that is there.
const CREATE: &str = "if redis.call('SET',KEYS[1],ARGV[2],'EX',ARGV[1],'NX') then return 1 end \
    if redis.call('GETRANGE',KEYS[1],3,18)==string.sub(ARGV[2],4,19) then return 1 end \
    return redis.call('GET',KEYS[1])";

/// ARGV: expected revision, time to live, record. 1: stored, now or by an earlier try; 0: missing; else the record that is there.
const UPDATE: &str = "local r=redis.call('GETRANGE',KEYS[1],3,18) \
    if r=='' and not redis.call('GET',KEYS[1]) then return 0 end \
    if r==string.sub(ARGV[3],4,19) then return 1 end \
    if r~=ARGV[1] then return redis.call('GET',KEYS[1]) end \
    redis.call('SET',KEYS[1],ARGV[3],'EX',ARGV[2]) return 1";

/// Where the records are.
pub struct Store {
    url: String,
    authorization: String,
}

impl Store {
    pub fn new(env: &Env) -> Result<Self> {
        let authorization = format!("Bearer {}", env.var("REDIS_TOKEN")?);
        Ok(Self { url: env.var("REDIS_URL")?.to_string(), authorization })
    }

    /// Makes one call. Only Redis' own nil is absent: anything unexpected is a failure.
    pub async fn ask(&self, operation: StoreOperation) -> StoreAnswer {
        let gives_record =
            matches!(operation, StoreOperation::Load { .. } | StoreOperation::Create { .. } | StoreOperation::Update { .. });
        let command = match operation {
            StoreOperation::Load { key, ttl_seconds: 0 } => json!(["GETEX", key]),
            StoreOperation::Load { key, ttl_seconds } => json!(["GETEX", key, "EX", ttl_seconds]),
            StoreOperation::Create { key, record, ttl_seconds } => json!(["EVAL", CREATE, 1, key, ttl_seconds, record]),
            StoreOperation::Update { key, record, expected_revision, ttl_seconds } => {
                json!(["EVAL", UPDATE, 1, key, expected_revision, ttl_seconds, record])
            }
            StoreOperation::Replace { key, record, ttl_seconds } => json!(["SET", key, record, "EX", ttl_seconds, "XX"]),
            StoreOperation::Refresh { key, ttl_seconds } => json!(["EXPIRE", key, ttl_seconds]),
            StoreOperation::Remove { key } => json!(["DEL", key]),
        };
        match self.send(&command).await {
            Ok(Some(Value::String(record))) if gives_record => StoreAnswer::Record(record),
            Ok(Some(Value::Null)) => StoreAnswer::Absent,
            Ok(Some(Value::Number(number))) if gives_record && number.as_u64() == Some(0) => StoreAnswer::Absent,
            Ok(Some(Value::Number(_) | Value::String(_))) => StoreAnswer::Done,
            Ok(_) => StoreAnswer::Failed(Error::StoreProtocol),
            Err(_) => StoreAnswer::Failed(Error::StoreUnavailable),
        }
    }

    /// Sends a command; gives its result, where there is one.
    async fn send(&self, command: &Value) -> Result<Option<Value>> {
        let headers = Headers::new();
        headers.set("Authorization", &self.authorization)?;
        headers.set("Content-Type", "application/json")?;
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_headers(headers).with_body(Some(command.to_string().into()));
        let mut response = Fetch::Request(Request::new_with_init(&self.url, &init)?).send().await?;
        let mut answer: Value = response.json().await?;
        Ok(answer.get_mut("result").map(Value::take))
    }
}
