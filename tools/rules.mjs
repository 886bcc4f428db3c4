// The rules of the commit, and what stands there without each.

const write = "src/lifecycle/write.rs";
const regenerate = "src/lifecycle/regenerate.rs";
const destroy = "src/lifecycle/destroy.rs";
const record = "src/record.rs";
const load = "tests/commits/load.rs";

/** Each rule: its name, where it stands, what stands there, and what does without it. */
export const rules = [
  ["a commit expects a revision", write, "Some(_) if limits.compares => Operation::Update", "Some(_) if limits.compares => Operation::Replace"],
  ["another birth is another session", write, "if found.birth != self.header.birth {", "if false {"],
  ["a lost reply is decided by `previous`", write, "if self.lost && found.previous != self.expected {", "if false {"],
  ["whoever follows our revision proves it", write, "stored || (self.begins", "found.revision == self.header.revision || (self.begins"],
  ["a commit that moved on unseen is ambiguous", write, "if moved && self.lost", "if false && moved"],
  ["our own birth is done", write, "(self.begins && found.birth == self.header.birth)", "(self.begins && found.birth == self.header.birth && false)"],
  [
    "a create that meets a session joins it",
    write,
    "self.begins = false;\n                self.stand_on(found, moment);\n                None",
    "Some(Step::End(End::Gone))",
  ],
  [
    "what is gone is never created again",
    write,
    "Answer::Absent if self.begins && self.expected.is_some() =>",
    "Answer::Absent if self.expected.is_some() =>",
  ],
  ["a load that got no answer stores nothing", write, "self.lost |= !reloaded;", "self.lost = true;"],
  ["a session at its deadline is gone", write, "if call.seconds_to_live == 0 {", "if false {"],
  [
    "an absent id is forwarded",
    regenerate,
    "Answer::Done => self.forward(limits, moment),\n            Answer::Record",
    "Answer::Done if self.seen.is_none() => self.committed(),\n            Answer::Done => self.forward(limits, moment),\n            Answer::Record",
  ],
  [
    "the old id is forwarded, not removed",
    regenerate,
    "Some(_) if limits.compares => Operation::Update,\n            Some(_) => Operation::Replace,\n        };\n        let values",
    "Some(_) => return Step::Call(remove(self.id)),\n        };\n        let values",
  ],
  [
    "a forwarding expects a revision",
    regenerate,
    "Some(_) if limits.compares => Operation::Update",
    "Some(_) if limits.compares => Operation::Replace",
  ],
  [
    "a parallel write is carried over",
    regenerate,
    "None => self.carry(limits, moment),\n            Some(wait)",
    "None => self.forward(limits, moment),\n            Some(wait)",
  ],
  ["another session is not carried over", regenerate, "standing != Standing::Live || found.birth != self.birth", "standing != Standing::Live"],
  [
    "a lost forwarding is decided by a load",
    regenerate,
    "self.stage = Stage::Deciding;\n                Step::Call(load(self.id))",
    "self.leave(Stage::LeavingAmbiguous)",
  ],
  ["our own forwarding is done", regenerate, "if found.revision == self.forward {", "if false {"],
  [
    "a failed regeneration takes its record back",
    regenerate,
    "Step::Call(remove(self.next_id))",
    "Step::End(if stage == Stage::LeavingGone { End::Gone } else { End::Ambiguous })",
  ],
  ["grace shows what was before", regenerate, "Values::Before } else", "Values::Changed } else"],
  ["another forwarding has another revision", regenerate, "self.repeated = false;", ""],
  [
    "grace ends with the new record",
    load,
    "return self.follow(values.to_vec(), header, 0);",
    "self.values = values.to_vec();\n                self.read = Some(values.to_vec());",
  ],
  ["a destroyed session leaves a tombstone", destroy, "Kind::Data { .. } if limits.compares =>", "Kind::Data { .. } if false && limits.compares =>"],
  [
    "a destroy never removes what it can compare",
    destroy,
    "None => self.meet(found, limits, moment),",
    "None if self.conflicts > 3 => self.remove(),\n            None => self.meet(found, limits, moment),",
  ],
  [
    "a chain too long to follow is not called ended",
    destroy,
    "Kind::Forwarding { .. } => Step::End(End::Conflict)",
    "Kind::Forwarding { .. } => Step::End(End::Gone)",
  ],
  [
    "a text that was taken along is stored",
    write,
    "|| found.previous == Some(self.header.revision)",
    "|| (found.is_data() && found.previous == Some(self.header.revision))",
  ],
  ["a destroy follows forwarding records", destroy, "if self.followed < FORWARDINGS_TO_FOLLOW", "if self.followed > FORWARDINGS_TO_FOLLOW"],
  ["a destroyed id is a visitor's", record, "Kind::Tombstone => Standing::Dead", "Kind::Tombstone => Standing::Forwarded"],
  ["an id forwarded long ago is a visitor's", record, "if past(FORWARDED_FOR_SECONDS) =>", "if past(FORWARDED_FOR_SECONDS * 1000) =>"],
];
