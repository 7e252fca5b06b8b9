-- Keys that change, bodies that are erased, records that are removed from the front, and what servers have signed.

-- Each key seals the bodies from a number on. The newest is in the key store; each older one is here, sealed under the next.
create table keys (
    number       integer primary key check (number > 0),
    first_seq    integer not null check (first_seq > 0),
    -- Seals nothing under the key: tells a wrong key before anything is written with it.
    key_check    blob    not null,
    older        blob,
    -- The key sealed to the server's recovery key, and which one that was.
    recovery     blob,
    recovery_key text,
    created_at   integer not null
) strict;

insert into keys select 1, 1, key_check, null, null, null, created_at from meta;

create table meta_only (
    -- One row only.
    one        integer primary key check (one = 1),
    -- The device's id, and behind it which of its chains this is, from the second on.
    writer     text    not null,
    -- Of rows and sealed bodies; a program refuses a format it does not know.
    format     integer not null,
    -- What the first record has to say of the chain before, as JSON; nothing in a device's first one.
    replaces   text,
    created_at integer not null
) strict;

insert into meta_only select one, writer, format, null, created_at from meta;

-- Its triggers go with it.
drop table meta;
alter table meta_only rename to meta;

create trigger meta_once before insert on meta
when exists (select 1 from meta)
begin
    select raise(abort, 'a journal has one owner');
end;

create trigger meta_stays before update on meta
begin
    select raise(abort, 'the owner of a journal is never changed');
end;

create trigger meta_remains before delete on meta
begin
    select raise(abort, 'the owner of a journal is never deleted');
end;

create trigger keys_follow before insert on keys
when new.number is not coalesce((select max(number) from keys), 0) + 1
  or new.first_seq < coalesce((select max(first_seq) from keys), 1)
begin
    select raise(abort, 'a journal key must follow the last one');
end;

-- Only to whom it is sealed beside the key store may change.
create trigger keys_stay before update on keys
when new.number is not old.number
  or new.first_seq is not old.first_seq
  or new.key_check is not old.key_check
  or new.older is not old.older
  or new.created_at is not old.created_at
begin
    select raise(abort, 'a journal key is never changed');
end;

create trigger keys_remain before delete on keys
begin
    select raise(abort, 'a journal key is never deleted');
end;

-- The server's last signed word on this chain.
alter table delivery add column note text;

-- What was removed from the front: records up to this one, whose hash the note of a server leads back to.
create table retired (
    one     integer primary key check (one = 1),
    through integer not null check (through > 0),
    hash    text    not null check (length(hash) = 64),
    note    text    not null
) strict;

create trigger retired_once before insert on retired
when exists (select 1 from retired)
  or new.through >= (select max(seq) from records)
  or new.through > (select through from delivery)
  or new.hash is not (select hash from records where seq = new.through)
begin
    select raise(abort, 'only what a journal has delivered is removed from it');
end;

create trigger retired_grows before update on retired
when new.one is not old.one
  or new.through <= old.through
  or new.through >= (select max(seq) from records)
  or new.through > (select through from delivery)
  or new.hash is not (select hash from records where seq = new.through)
begin
    select raise(abort, 'only what a journal has delivered is removed from it');
end;

create trigger retired_remains before delete on retired
begin
    select raise(abort, 'what was removed from a journal is never forgotten');
end;

drop trigger records_stay;
drop trigger records_remain;

-- A delivered body may go; everything that the chain is made of stays.
create trigger records_stay before update on records
when length(new.sealed) > 0
  or old.seq > (select through from delivery)
  or new.seq is not old.seq
  or new.id is not old.id
  or new.session is not old.session
  or new.occurred_at is not old.occurred_at
  or new.monotonic_millis is not old.monotonic_millis
  or new.kind is not old.kind
  or new.prev_hash is not old.prev_hash
  or new.commitment is not old.commitment
  or new.hash is not old.hash
begin
    select raise(abort, 'a journal record is never changed');
end;

create trigger records_remain before delete on records
when old.seq > coalesce((select through from retired), 0)
begin
    select raise(abort, 'a journal record is never deleted');
end;

-- What servers have signed of their own chains, as this device has seen it: the last word of each.
create table witnesses (
    writer  text primary key,
    signer  text    not null,
    seq     integer not null check (seq > 0),
    hash    text    not null check (length(hash) = 64),
    note    text    not null,
    seen_at integer not null
) strict;

-- The keys of servers that this device believes, each from its first use on.
create table server_keys (
    verifier_key text primary key,
    pinned_at    integer not null
) strict;
