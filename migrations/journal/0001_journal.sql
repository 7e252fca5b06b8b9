-- The console's queue of audit events. One file belongs to one writer (device).

create table meta (
    -- One row only.
    one        integer primary key check (one = 1),
    writer     text    not null,
    -- Of rows and sealed bodies; a program refuses a format it does not know.
    format     integer not null,
    -- Seals nothing under the journal key: tells a wrong key before anything is written with it.
    key_check  blob    not null,
    created_at integer not null
) strict;

create table records (
    seq              integer primary key check (seq > 0),
    id               text    not null unique,
    session          text,
    occurred_at      integer not null,
    monotonic_millis integer not null,
    kind             text    not null,
    prev_hash        text    not null check (length(prev_hash) = 64),
    commitment       text    not null check (length(commitment) = 64),
    hash             text    not null unique check (length(hash) = 64),
    -- Nonce (24 bytes), then salt and body under XChaCha20-Poly1305.
    sealed           blob    not null,
    -- Delivery columns: all that may ever change.
    delivered_at     integer,
    held_reason      text,
    attempts         integer not null default 0
) strict;

create index records_waiting on records (seq) where delivered_at is null;
create index records_of_session on records (session, seq) where session is not null;

-- Every record follows the last one. This also stops `insert or replace`, which would delete without a delete trigger.
create trigger records_follow before insert on records
when new.seq is not coalesce((select max(seq) from records), 0) + 1
  or new.prev_hash is not coalesce((select hash from records where seq = new.seq - 1), printf('%064d', 0))
  or exists (select 1 from records where id = new.id or hash = new.hash)
begin
    select raise(abort, 'a journal record must follow the last one');
end;

-- `when` and not `update of`: the latter compares names, and rowid is another name of seq.
create trigger records_stay before update on records
when new.seq is not old.seq
  or new.id is not old.id
  or new.session is not old.session
  or new.occurred_at is not old.occurred_at
  or new.monotonic_millis is not old.monotonic_millis
  or new.kind is not old.kind
  or new.prev_hash is not old.prev_hash
  or new.commitment is not old.commitment
  or new.hash is not old.hash
  or new.sealed is not old.sealed
begin
    select raise(abort, 'a journal record is never changed');
end;

create trigger records_remain before delete on records
begin
    select raise(abort, 'a journal record is never deleted');
end;

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
