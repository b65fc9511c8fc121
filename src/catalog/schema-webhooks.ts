/**
 * The fifth step: who is told of events, and how far they have been told. `generation` grows with what people change, so
 * that a delivery which began before does not write over it; `replayed` is the one at which
 * they had it begin elsewhere. A lease is held by one node at a time; `beat` grows while it is.
 */
export const WEBHOOKS: readonly string[] = [
  `create table webhook (
    name {text} primary key, definition {text} not null, configured {integer} not null, created {integer} not null,
    generation {integer} not null, replayed {integer} not null, cursor {integer} not null, paused {text},
    failures {integer} not null, error {text}, failed {integer}, retry {integer}, delivered {integer})`,
  `create table lease (name {text} primary key, holder {text} not null, beat {integer} not null)`,
];
