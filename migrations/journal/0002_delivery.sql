-- Records are written once and then stay as they are: how far they were delivered stands in one row of its own. And there is
-- no index beside the number: each one is a page more that every commit has to bring to the disk, and hashes lie anywhere, so
-- that each record had to touch one of its own. Ids are random; the server refuses one that it has already.

create table delivery (
    -- One row only.
    one         integer primary key check (one = 1),
    -- The server has confirmed every record up to this one.
    through     integer not null check (through >= 0),
    synced_at   integer,
    -- Why the record after it can't be delivered; nothing while it can.
    held_reason text,
    -- Attempts at that record that did not succeed.
    attempts    integer not null
) strict;

insert into delivery
select 1, through,
       (select delivered_at from records where seq = through),
       (select held_reason from records where seq = through + 1),
       coalesce((select attempts from records where seq = through + 1), 0)
from (select coalesce(max(seq), 0) as through from records where delivered_at is not null);

create table records_only (
    seq              integer primary key check (seq > 0),
    id               text    not null,
    session          text,
    occurred_at      integer not null,
    monotonic_millis integer not null,
    kind             text    not null,
    prev_hash        text    not null check (length(prev_hash) = 64),
    commitment       text    not null check (length(commitment) = 64),
    hash             text    not null check (length(hash) = 64),
    -- Nonce (24 bytes), then salt and body under XChaCha20-Poly1305.
    sealed           blob    not null
) strict;

insert into records_only
select seq, id, session, occurred_at, monotonic_millis, kind, prev_hash, commitment, hash, sealed from records order by seq;

-- Triggers and indexes go with it.
drop table records;
alter table records_only rename to records;

-- Every record follows the last one. This also stops `insert or replace`, which would delete without a delete trigger.
create trigger records_follow before insert on records
when new.seq is not coalesce((select max(seq) from records), 0) + 1
  or new.prev_hash is not coalesce((select hash from records where seq = new.seq - 1), printf('%064d', 0))
begin
    select raise(abort, 'a journal record must follow the last one');
end;

create trigger records_stay before update on records
begin
    select raise(abort, 'a journal record is never changed');
end;

create trigger records_remain before delete on records
begin
    select raise(abort, 'a journal record is never deleted');
end;

create trigger delivery_once before insert on delivery
when exists (select 1 from delivery)
begin
    select raise(abort, 'a journal is delivered in one order');
end;

create trigger delivery_follows before update on delivery
when new.through > coalesce((select max(seq) from records), 0)
begin
    select raise(abort, 'a journal delivers only what is in it');
end;

create trigger delivery_remains before delete on delivery
begin
    select raise(abort, 'how far a journal was delivered is never forgotten');
end;
