//! Makes the calls that a task of the core asks for.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::error::Error;
use crate::lifecycle::state::Task;
use crate::lifecycle::{Answer, Call, Operation, Step, Values};
use crate::record::{Header, LONGEST_HEADER, Standing};
use crate::session::call::{Random, StoreAnswer, StoreCall, StoreOperation};
use crate::session::lines::{EMPTY, as_lines};
use crate::session::load::split;
use crate::session::outcome::Outcome;
use crate::session::visit::{Doing, Flow, Session, Stand};

impl Session<'_> {
    /// Takes the answer to the last call, and gives the next one; `None` when
    /// all is done.
    ///
    /// # Errors
    ///
    /// Of every call:
    ///
    /// - `record-corrupt`, `record-unsupported`: what is stored was left as it
    ///   is; `destroy` removes it.
    /// - `store-protocol`: the answer does not fit the call.
    /// - what `StoreAnswer::Failed` says.
    ///
    /// Of a commit:
    ///
    /// - `destroyed`: the session ended meanwhile: destroyed, expired, or under
    ///   a new id. Nothing was re-created.
    /// - `conflict`: others kept coming first; nothing was stored, and the
    ///   commit may be tried again.
    /// - `commit-ambiguous`: nobody can say whether it was stored. The next
    ///   `commit` finds out where that can be found out.
    /// - `record-too-large`: the record would be above `max_record_bytes`; the
    ///   old one stays.
    ///
    /// Of a destroy:
    ///
    /// - `conflict`: others kept coming first; the session is still there.
    pub fn answer(&mut self, answer: StoreAnswer, now_ms: u64, random: Random) -> Result<Option<StoreCall>, Error> {
        match self.doing.take() {
            None => Ok(None),
            Some(Doing::Loading) => self.loaded(answer, now_ms, &random),
            Some(Doing::Following(shown, followed)) => {
                let following = self.followed(answer, shown, followed, now_ms);
                if following.is_err() {
                    // Whatever was found so far: the next load asks again.
                    self.stand = Stand::Unknown;
                }
                following
            }
            Some(Doing::Renewing) => match answer {
                StoreAnswer::Failed(error) => Err(error),
                _ => Ok(None),
            },
            Some(Doing::Outliving(flow, end, followed)) => self.outlived(flow, (end, followed), answer, now_ms, &random),
            Some(Doing::TakingBack(error)) => Err(error),
            Some(Doing::Committing(mut flow) | Doing::Destroying(mut flow)) => match self.heard(&mut flow, answer, now_ms) {
                Ok(answer) => {
                    let step = flow.task.answer(answer, &flow.limits, &random.moment(now_ms));
                    self.step(flow, step, now_ms, &random)
                }
                // The changes could not be made to what is there: nothing half done stays.
                Err(error) => self.give_up(&flow, error),
            },
        }
    }

    /// Makes the call that a step asks for, or takes the end it has come to.
    pub(super) fn step(&mut self, flow: Box<Flow>, step: Step, now_ms: u64, random: &Random) -> Result<Option<StoreCall>, Error> {
        match step {
            Step::Call(call) => self.make(flow, 0, call, now_ms, random),
            Step::WaitThen(wait_ms, call) => self.make(flow, wait_ms, call, now_ms, random),
            Step::End(end) => self.finish(flow, end, now_ms, random),
        }
    }

    /// Makes a call, unless the time for replays is over.
    pub(super) fn make(
        &mut self,
        mut flow: Box<Flow>,
        wait_ms: u32,
        call: Call,
        now_ms: u64,
        random: &Random,
    ) -> Result<Option<StoreCall>, Error> {
        let left = flow.until_ms.saturating_sub(now_ms);
        let is_late = left == 0 || (wait_ms > 0 && u64::from(wait_ms) >= left);
        // Whose forwarding may be stored, no answer having come, does not end as if nothing were.
        if flow.task.conflicts() > 0 && is_late && flow.error.is_none() {
            return self.give_up(&flow, Error::Conflict);
        }
        let operation = match self.operation(&mut flow, &call, random) {
            Ok(operation) => operation,
            Err(error) => return self.give_up(&flow, error),
        };
        if matches!(flow.task, Task::Regenerate(_)) && call.operation == Operation::Create && Some(call.id) != self.id {
            flow.created = Some(call.id);
        }
        flow.called = Some(call);
        self.doing = Some(match flow.task {
            Task::Destroy(_) => Doing::Destroying(flow),
            Task::Write(_) | Task::Regenerate(_) => Doing::Committing(flow),
        });
        Ok(Some(StoreCall { wait_ms, operation }))
    }

    /// Removes the record that a regeneration created and cannot finish; if that fails, nobody knows its id.
    pub(super) fn give_up(&mut self, flow: &Flow, error: Error) -> Result<Option<StoreCall>, Error> {
        let error = if matches!(flow.task, Task::Destroy(_)) { flow.error.unwrap_or(error) } else { error };
        let Some(created) = flow.created else { return Err(error) };
        self.doing = Some(Doing::TakingBack(error));
        let operation = StoreOperation::Remove { key: self.settings.record_key(created) };
        Ok(Some(StoreCall { wait_ms: 0, operation }))
    }

    fn operation(&self, flow: &mut Flow, call: &Call, random: &Random) -> Result<StoreOperation, Error> {
        let key = self.settings.record_key(call.id);
        let ttl_seconds = call.seconds_to_live.max(self.settings.capabilities.min_ttl_seconds);
        let record = match &call.header {
            Some(header) => {
                let (header, values) = self.record(flow, call.values, header)?;
                self.settings.record_text(call.id, header, &values, random.nonce())?
            }
            None => String::new(),
        };
        Ok(match call.operation {
            Operation::Load => StoreOperation::Load { key, ttl_seconds: 0 },
            Operation::Create => StoreOperation::Create { key, record, ttl_seconds },
            Operation::Update => {
                let expected = call.expected.ok_or(Error::CoreFailed)?;
                let expected_revision = expected.as_text().iter().copied().map(char::from).collect();
                StoreOperation::Update { key, record, expected_revision, ttl_seconds }
            }
            Operation::Replace => StoreOperation::Replace { key, record, ttl_seconds },
            Operation::Remove => StoreOperation::Remove { key },
        })
    }

    /// Gives the header and the values of a record to store.
    fn record(&self, flow: &mut Flow, values: Values, header: &Header) -> Result<(String, String), Error> {
        let mut text = Vec::with_capacity(LONGEST_HEADER);
        header.write(&mut text);
        let header = String::from_utf8(text).map_err(|_| Error::CoreFailed)?;
        let values = match values {
            Values::Before => flow.base.clone(),
            Values::Empty => EMPTY.to_owned(),
            Values::Changed => {
                let changed = match flow.text.take() {
                    Some(changed) => changed,
                    None => self.changed(flow)?,
                };
                flow.sent = Some(changed.clone());
                flow.text = Some(changed.clone());
                if header.len().saturating_add(changed.len()) > self.settings.options.max_record_bytes {
                    return Err(Error::RecordTooLarge);
                }
                changed
            }
        };
        Ok((header, values))
    }

    /// Makes the changes to the base.
    fn changed(&self, flow: &mut Flow) -> Result<String, Error> {
        let outcome = match flow.outcome.take() {
            Some(outcome) => outcome,
            None => Outcome::of(self.changes.get(..flow.taken).unwrap_or_default(), &flow.base)?,
        };
        outcome.merge(&flow.base)
    }

    /// Says what an answer means for the task; changes are to be made to the record that came, if it is a session's.
    fn heard(&mut self, flow: &mut Flow, answer: StoreAnswer, now_ms: u64) -> Result<Answer, Error> {
        let operation = flow.called.map(|call| call.operation);
        let is_kept = matches!(operation, Some(Operation::Load | Operation::Create | Operation::Update));
        let (record, lost) = match answer {
            StoreAnswer::Done if operation != Some(Operation::Load) => return Ok(Answer::Done),
            StoreAnswer::Absent if operation != Some(Operation::Create) => return Ok(Answer::Absent),
            StoreAnswer::Record(record) if is_kept => (record, false),
            StoreAnswer::RecordAfterSilence(record) if is_kept => (record, true),
            StoreAnswer::Failed(error) => {
                flow.error = Some(error);
                return Ok(Answer::Lost);
            }
            // What a store can not say there is as good as nothing said.
            _ => {
                flow.error = Some(Error::StoreProtocol);
                return Ok(Answer::Lost);
            }
        };
        let Ok((header, values)) = split(&record) else { return Ok(Answer::Unreadable) };
        let has_values = values != EMPTY;
        let standing = header.standing(has_values, now_ms / 1000);
        // Under an id that we drew is somebody else's record: nothing of it is taken up.
        let came_in = self.cookie.map(|(token, _)| token.id);
        let is_others = flow.called.is_some_and(|call| call.operation == Operation::Create && Some(call.id) != came_in);
        let counts = !is_others && !matches!(flow.task, Task::Destroy(_));
        self.outdated |= counts && !matches!(standing, Standing::Live | Standing::Expired);
        if counts && matches!(standing, Standing::Live | Standing::Expired) {
            let id = flow.called.map(|call| call.id);
            flow.base = match id.filter(|_| standing == Standing::Live) {
                None => EMPTY.to_owned(),
                Some(id) => {
                    let Ok(values) = self.settings.values_in_clear(id, &record, values) else { return Ok(Answer::Unreadable) };
                    as_lines(&values)?
                }
            };
            flow.outcome = None;
            if self.settings.merges {
                flow.text = None;
            }
        }
        Ok(Answer::Record { header, has_values, lost })
    }
}
