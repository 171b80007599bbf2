-- A company's years of mail, invented set by set. `bench_size` has one row that says how much of everything.
-- Everything is drawn with random() after setseed, so that a run is like the other.

-- step: words
-- A vocabulary for each language, by rank; the first are real, the others are made of syllables.
CREATE TEMP TABLE bench_language AS SELECT * FROM (VALUES
    (1, 'en', 0.55, ' ', '{ba,ren,ti,lo,mar,ket,sho,win,der,fa,gal,hun,pir,sta,tro,ven,wick,lee,mon,sel}'::text[],
     '{the,to,and,you,we,is,for,order,please,thank,have,our,not,with,delivery,invoice,refund,account,problem,when,charger,battery,warranty,return,parcel,price,contract,question,meeting,broken}'::text[]),
    (2, 'de', 0.75, ' ', '{ge,ver,schlu,heit,bar,ung,kra,steu,wel,for,mit,lich,zeug,rau,men,bel,dor,fin,gut,hau}',
     '{die,der,und,wir,sie,ich,nicht,mit,bitte,danke,bestellung,lieferung,rechnung,vertrag,problem,frage,haben,konto,preis,kaputt}'),
    (3, 'es', 0.85, ' ', '{ca,mi,dor,pue,sal,tan,llo,rin,bel,cor,dia,gra,jun,lim,nos,per,que,ros,ter,vin}',
     '{el,la,de,que,y,gracias,pedido,factura,entrega,cuenta,problema,precio,contrato,pregunta,no,con,por,para}'),
    (4, 'ar', 0.90, ' ', '{با,تر,سم,كل,من,دو,را,شي,لا,عم,قد,فه,نو,هل,يو,زا,جم,حس,طي,خل}',
     '{في,من,على,شكرا,طلب,فاتورة,حساب,مشكلة,سعر,عقد,سؤال,لا,نحن}'),
    (5, 'zh', 1.01, '', '{}', '{的,我们,请,谢谢,订单,发票,账户,问题,价格,合同,电池,退款,什么,时候}')
) AS l(no, code, until, glue, syllables, real);
CREATE TEMP TABLE bench_word AS
SELECT l.no AS language, rank, CASE
    WHEN rank <= cardinality(real) THEN real[rank]
    WHEN l.code = 'zh' THEN chr(19968 + (rank * 7) % 6000) || CASE WHEN rank > 800 THEN chr(19968 + (rank * 13) % 5000) ELSE '' END
    ELSE syllables[1 + rank % 20] || syllables[1 + (rank / 20) % 20] || CASE WHEN rank >= 400
        THEN syllables[1 + (rank / 400) % 20] || CASE WHEN rank >= 8000 THEN syllables[1 + (rank / 8000) % 20] ELSE '' END ELSE '' END
    END AS word
FROM bench_language l, generate_series(1, 30000) AS rank;
CREATE INDEX ON bench_word (language, rank);
ANALYZE bench_word;

-- step: bodies and subjects
-- Zipf: a rank is drawn as 30000 to the power of a number between 0 and 1. From 4 to some 200 words, half below 30.
CREATE TEMP TABLE bench_body AS
WITH body AS MATERIALIZED (
    SELECT no, CASE WHEN u < 0.55 THEN 1 WHEN u < 0.75 THEN 2 WHEN u < 0.85 THEN 3 WHEN u < 0.90 THEN 4 ELSE 5 END AS language,
        (4 + 26 * power(random() + 0.05, -0.8) * random())::int AS words
    FROM (SELECT no, random() AS u FROM generate_series(1, (SELECT bodies FROM bench_size)) AS no) AS drawn),
picked AS MATERIALIZED (
    SELECT no, language, place, least(30000, floor(exp(random() * ln(30000.0))))::int AS rank
    FROM body, generate_series(1, least(words, 220)) AS place)
SELECT picked.no, language, string_agg(word, glue ORDER BY place) AS text
FROM picked JOIN bench_word USING (language, rank) JOIN bench_language l ON l.no = language GROUP BY picked.no, language, glue;
CREATE INDEX ON bench_body (no);
ANALYZE bench_body;

-- step: people
CREATE TEMP TABLE bench_organization AS
SELECT no, gen_random_uuid() AS id, initcap(word) || ' ' || (ARRAY['GmbH', 'Ltd', 'Inc', 'SA', 'Group'])[1 + no % 5] AS name,
    lower(word) || no || '.example' AS domain
FROM generate_series(1, (SELECT organizations FROM bench_size)) AS no
JOIN bench_word ON language = 1 + no % 3 AND rank = 300 + no % 20000;
INSERT INTO people_organization (id, name, domain, created_at)
SELECT id, name, domain, now() - (SELECT age FROM bench_size) FROM bench_organization;

CREATE TEMP TABLE bench_person AS
SELECT no, gen_random_uuid() AS id, CASE WHEN no % 10 = 0
        THEN (ARRAY['王', '李', '张', '刘', '陈', '杨', '赵', '黄', '周', '吴'])[1 + (no / 10) % 10] || chr(19968 + (no * 31) % 5000)
        ELSE (ARRAY['Anna', 'Ben', 'Carla', 'David', 'Elif', 'Farid', 'Greta', 'Hugo', 'Ines', 'Jonas', 'Kofi', 'Lena', 'Miguel',
            'Nora', 'Omar', 'Paula', 'Quentin', 'Rosa', 'Sven', 'Tariq', 'Ulla', 'Vera', 'Wen', 'Yusuf', 'Zoe'])[1 + no % 25]
            || ' ' || initcap(word) END AS name,
    1 + floor((SELECT organizations FROM bench_size) * power(random(), 2))::int AS organization_no,
    'p' || no || '.' || word || '@' AS local
FROM generate_series(1, (SELECT persons FROM bench_size)) AS no
JOIN bench_word ON language = 1 + no % 3 AND rank = 50 + (no * 17) % 6000;
INSERT INTO people_person (id, name, organization_id, language, time_zone, note, audience, created_at)
SELECT p.id, p.name, o.id, 'en', '', '', '{00000000-0000-0000-0000-000000000001}', now() - (SELECT age FROM bench_size)
FROM bench_person p JOIN bench_organization o ON o.no = p.organization_no;
INSERT INTO people_handle (kind, value, written, person_id, source, created_at)
SELECT 'email', p.local || o.domain, p.local || o.domain, p.id, 'mail', now() - (SELECT age FROM bench_size)
FROM bench_person p JOIN bench_organization o ON o.no = p.organization_no;
CREATE UNIQUE INDEX ON bench_person (no);
ANALYZE bench_person;

-- step: matters
CREATE TEMP TABLE bench_team AS
SELECT row_number() OVER (ORDER BY slug)::int AS no, id, is_open, confidential FROM staff_team;
CREATE TEMP TABLE bench_cuts AS
SELECT array_agg(low ORDER BY no) AS cuts FROM (
    SELECT no, (sum(power(no, -0.8)) OVER (ORDER BY no) - power(no, -0.8)) / sum(power(no, -0.8)) OVER () AS low FROM bench_team) AS shares;
CREATE TEMP TABLE bench_seat AS
SELECT t.no AS team_no, row_number() OVER (PARTITION BY t.no ORDER BY md5(m.member_id::text || t.no)) - 1 AS seat,
    count(*) OVER (PARTITION BY t.no) AS seats, m.member_id
FROM staff_membership m JOIN bench_team t ON t.id = m.team_id;
CREATE TEMP TABLE bench_channel AS SELECT row_number() OVER (ORDER BY name) - 1 AS no, id FROM channels_channel;
CREATE TEMP TABLE bench_topic AS SELECT row_number() OVER (ORDER BY slug) - 1 AS no, id FROM conversations_topic;

CREATE TEMP TABLE bench_matter AS
WITH drawn AS MATERIALIZED (
    SELECT no, now() - interval '20 minutes' - age * power(random(), 1.4) AS created_at,
        power(random(), -0.6) AS weight, width_bucket(random(), cuts) AS team_no,
        1 + floor(persons * power(random(), 2))::int AS person_no, floor(random() * 12)::int AS channel_no,
        floor(24 * power(random(), 2))::int AS topic_no, 1 + floor(bodies * random())::int AS body_no,
        random() AS luck, random() AS pace, random() AS seat_luck, random() AS noise, random() AS involved_luck
    FROM bench_size, bench_cuts, generate_series(1, conversations) AS no),
sized AS (
    SELECT *, greatest(1, round(weight * (SELECT messages FROM bench_size) / sum(weight) OVER ()))::int AS messages
    FROM drawn),
timed AS (
    SELECT *, created_at + CASE WHEN messages = 1 THEN interval '0'
        ELSE least((now() - created_at) * 0.9995, interval '1 day' * messages * (0.02 + pace)) END AS last_activity_at
    FROM sized)
SELECT *, uuidv7(created_at - now()) AS id, CASE
    WHEN percent_rank() OVER (ORDER BY extract(epoch FROM now() - last_activity_at) * (0.15 + noise)) < 0.06 THEN 'open'
    WHEN luck < 0.04 THEN 'spam' ELSE 'resolved' END AS status
FROM timed;

CREATE TEMP TABLE bench_conversation AS
SELECT m.*, t.id AS team_id, t.is_open, t.confidential OR m.luck > 0.995 AS confidential, p.id AS person_id, c.id AS channel_id,
    o.id AS topic_id, s.member_id, m.involved_luck < 0.05 AS has_involved,
    CASE WHEN m.involved_luck < 0.05 THEN ARRAY(SELECT i.id FROM bench_team i
        WHERE i.no IN (1 + (m.no * 7) % 50, 1 + (m.no * 11) % 50) AND m.involved_luck < 0.05) ELSE '{}' END AS involved
FROM bench_matter m
LEFT JOIN bench_team t ON t.no = m.team_no AND m.pace > 0.02
JOIN bench_person p ON p.no = m.person_no
JOIN bench_channel c ON c.no = m.channel_no
LEFT JOIN bench_topic o ON o.no = m.topic_no
LEFT JOIN bench_seat s ON s.team_no = m.team_no AND t.id IS NOT NULL AND s.seat = floor(power(m.seat_luck, 1.3) * s.seats)
    AND m.noise < CASE m.status WHEN 'open' THEN 0.55 ELSE 0.85 END;

-- step: conversations
INSERT INTO conversations_conversation (id, subject, snippet, status, priority, person_id, channel_id, topic_id, owner_team_id,
    owner_member_id, involved, confidential, audience, language, message_count, awaiting_answer, created_at, last_activity_at,
    last_inbound_at, first_answered_at, resolved_at, first_answer_due_at, resolution_due_at, snoozed, snoozed_until)
SELECT c.id, left(b.text, 30 + (c.no % 40)) || CASE WHEN c.no % 3 = 0 THEN ' #' || c.no ELSE '' END, left(b.text, 160), c.status,
    CASE WHEN c.luck < 0.02 THEN 3 WHEN c.luck < 0.1 THEN 2 ELSE 1 END, c.person_id, c.channel_id, c.topic_id, c.team_id, c.member_id,
    c.involved, coalesce(c.confidential, false), CASE
        WHEN c.team_id IS NULL THEN '{00000000-0000-0000-0000-000000000001}'::uuid[]
        WHEN c.confidential THEN ARRAY[c.team_id]
        WHEN c.is_open THEN '{00000000-0000-0000-0000-000000000001}'::uuid[]
        ELSE (SELECT array_agg(DISTINCT one ORDER BY one) FROM unnest(c.team_id || c.involved) AS one) END,
    l.code, c.messages, c.status = 'open' AND c.messages % 2 = 1, c.created_at, c.last_activity_at, c.last_activity_at,
    CASE WHEN c.messages > 1 THEN c.created_at + (c.last_activity_at - c.created_at) / (c.messages - 1) END,
    CASE WHEN c.status = 'resolved' THEN c.last_activity_at END,
    CASE WHEN c.noise < 0.8 THEN c.created_at + interval '4 hours' END,
    CASE WHEN c.noise < 0.6 THEN c.last_activity_at + interval '3 days' END,
    c.status = 'open' AND c.pace > 0.92,
    CASE WHEN c.status = 'open' AND c.pace > 0.95 THEN now() + interval '5 days' * c.luck END
FROM bench_conversation c JOIN bench_body b ON b.no = c.body_no JOIN bench_language l ON l.no = b.language
ORDER BY c.created_at;
INSERT INTO conversations_thread (conversation_id, channel_id, created_at) SELECT id, channel_id, created_at FROM bench_conversation;

-- step: messages
CREATE TEMP TABLE bench_message AS
SELECT c.id AS conversation_id, c.channel_id, c.person_id, c.member_id, c.body_no, c.no, place,
    CASE WHEN c.messages = 1 THEN c.created_at
        ELSE c.created_at + (c.last_activity_at - c.created_at) * (place::float / (c.messages - 1)) END AS at,
    1 + ((c.body_no::bigint + place * 7919) % (SELECT bodies FROM bench_size))::int AS own_body_no
FROM bench_conversation c, generate_series(0, c.messages - 1) AS place ORDER BY at;
ANALYZE bench_message;
INSERT INTO conversations_message (conversation_id, id, channel_id, direction, kind, person_id, member_id, machine_drafted, at, sent_at,
    subject, text, recipients, message_id, has_html, has_more, problems)
SELECT m.conversation_id, uuidv7(m.at - now()), m.channel_id,
    CASE WHEN place % 2 = 0 OR m.member_id IS NULL THEN 'in' WHEN place % 12 = 7 THEN 'note' ELSE 'out' END, 'message',
    CASE WHEN place % 2 = 0 OR m.member_id IS NULL THEN m.person_id END, CASE WHEN place % 2 = 1 THEN m.member_id END, false, m.at, m.at,
    '', b.text || E'\n\nRef R' || m.no || CASE WHEN m.no % 5000 = 0 THEN ' zanzibar' ELSE '' END,
    '{"from": [["", "somebody@bench.example"]], "to": [["", "help@bench.example"]]}', '<' || m.no || '.' || place || '@bench.example>',
    false, false, '{}'
FROM bench_message m JOIN bench_body b ON b.no = m.own_body_no;
INSERT INTO conversations_attachment (conversation_id, id, message_id, filename, content_type, size, content_id, inline)
SELECT conversation_id, gen_random_uuid(), id, 'invoice-' || left(id::text, 8) || '.pdf', 'application/pdf', 50000, '', false
FROM conversations_message WHERE get_byte(uuid_send(id), 15) < 12;

-- step: decisions and events
-- Of twenty rules the first decide most; what none decides is given by what was learned, or suggested and sorted by people.
CREATE TEMP TABLE bench_decided AS
SELECT c.*, CASE WHEN c.created_at < now() - age * 0.5 THEN 1 WHEN c.created_at < now() - age * 0.2 THEN 2 ELSE 3 END AS version,
    CASE WHEN way < 0.6 THEN 1 + floor(20 * power(random(), 1.6))::int END AS rule, way BETWEEN 0.6 AND 0.75 AS acted,
    CASE WHEN way BETWEEN 0.6 AND 0.95 THEN 0.3 + 0.69 * power(random(), 0.5) END AS likely, random() AS overruled_luck,
    other.id AS other_id, triage.id AS triage_id, own.slug AS own_slug, other.slug AS other_slug
FROM (SELECT *, random() AS way FROM bench_conversation) c CROSS JOIN bench_size
JOIN bench_team o ON o.no = 1 + c.no % (SELECT count(*) FROM bench_team) JOIN staff_team other ON other.id = o.id
JOIN bench_team t ON t.no = 1 JOIN staff_team triage ON triage.id = t.id LEFT JOIN staff_team own ON own.id = c.team_id;
CREATE TEMP TABLE bench_first AS
SELECT *, CASE WHEN team_id IS NULL THEN NULL WHEN rule IS NULL AND NOT acted THEN triage_id
    WHEN overruled_luck < 0.06 THEN other_id ELSE team_id END AS first_id,
    CASE WHEN likely IS NULL THEN NULL WHEN overruled_luck < 0.06 OR NOT acted AND overruled_luck > likely THEN other_slug
        ELSE coalesce(own_slug, other_slug) END AS said
FROM bench_decided;
INSERT INTO ownership_decision (conversation_id, id, at, source, policy_version, owner_team_id, owner_member_id, involved, rule, sentence,
    trace, suggestion)
SELECT id, uuidv7(created_at - now()), created_at, 'policy', version, first_id, member_id, involved, rule,
    'A team owns this: it is about refund; rule 1', '["+it is about refund", "-the sender is not an employee"]',
    CASE WHEN likely IS NOT NULL THEN jsonb_build_object('team', said, 'probability', round(likely::numeric, 4), 'sure', acted,
        'model', 1, 'acted', acted) END
FROM bench_first;
INSERT INTO ownership_decision (conversation_id, id, at, source, policy_version, from_team_id, owner_team_id, owner_member_id, involved,
    sentence, trace)
SELECT id, uuidv7(created_at + interval '1 hour' - now()), created_at + interval '1 hour', 'member', NULL, first_id, team_id, member_id,
    involved, 'A member moved it', '[]' FROM bench_first WHERE first_id <> team_id;
INSERT INTO core_event (id, at, kind, conversation_id, subject, data)
SELECT uuidv7(created_at - now()), created_at, 'conversation.opened', id, '', '{}' FROM bench_conversation ORDER BY created_at;
