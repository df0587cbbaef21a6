-- For each of five channels the time at which a contact was first met there; then, for each and the next, how many contacts
-- came to the next at the same time or later, and the quartiles of the seconds it took, interpolated between neighbours.

-- journeydb
WITH firsts AS (
    SELECT min(occurred_at) FILTER (WHERE channel = 'email') AS email,
           min(occurred_at) FILTER (WHERE channel = 'web') AS web,
           min(occurred_at) FILTER (WHERE channel = 'chat') AS chat,
           min(occurred_at) FILTER (WHERE channel = 'phone') AS phone,
           min(occurred_at) FILTER (WHERE channel = 'meeting') AS meeting
    FROM {rows} GROUP BY {entity}),
seconds AS (
    SELECT CASE WHEN web >= email THEN extract(epoch FROM web - email) END AS web,
           CASE WHEN chat >= web THEN extract(epoch FROM chat - web) END AS chat,
           CASE WHEN phone >= chat THEN extract(epoch FROM phone - chat) END AS phone,
           CASE WHEN meeting >= phone THEN extract(epoch FROM meeting - phone) END AS meeting
    FROM firsts)
SELECT count(web), percentile_cont(.25) WITHIN GROUP (ORDER BY web), percentile_cont(.5) WITHIN GROUP (ORDER BY web),
       percentile_cont(.75) WITHIN GROUP (ORDER BY web),
       count(chat), percentile_cont(.25) WITHIN GROUP (ORDER BY chat), percentile_cont(.5) WITHIN GROUP (ORDER BY chat),
       percentile_cont(.75) WITHIN GROUP (ORDER BY chat),
       count(phone), percentile_cont(.25) WITHIN GROUP (ORDER BY phone), percentile_cont(.5) WITHIN GROUP (ORDER BY phone),
       percentile_cont(.75) WITHIN GROUP (ORDER BY phone),
       count(meeting), percentile_cont(.25) WITHIN GROUP (ORDER BY meeting),
       percentile_cont(.5) WITHIN GROUP (ORDER BY meeting), percentile_cont(.75) WITHIN GROUP (ORDER BY meeting)
FROM seconds

-- duckdb
WITH firsts AS (
    SELECT min(occurred_at) FILTER (channel = 'email') AS email,
           min(occurred_at) FILTER (channel = 'web') AS web,
           min(occurred_at) FILTER (channel = 'chat') AS chat,
           min(occurred_at) FILTER (channel = 'phone') AS phone,
           min(occurred_at) FILTER (channel = 'meeting') AS meeting
    FROM {rows} GROUP BY {entity}),
seconds AS (
    SELECT CASE WHEN web >= email THEN (epoch_us(web) - epoch_us(email)) / 1e6 END AS web,
           CASE WHEN chat >= web THEN (epoch_us(chat) - epoch_us(web)) / 1e6 END AS chat,
           CASE WHEN phone >= chat THEN (epoch_us(phone) - epoch_us(chat)) / 1e6 END AS phone,
           CASE WHEN meeting >= phone THEN (epoch_us(meeting) - epoch_us(phone)) / 1e6 END AS meeting
    FROM firsts),
quartiles AS (
    SELECT count(web) AS webs, quantile_cont(web, [.25, .5, .75]) AS web,
           count(chat) AS chats, quantile_cont(chat, [.25, .5, .75]) AS chat,
           count(phone) AS phones, quantile_cont(phone, [.25, .5, .75]) AS phone,
           count(meeting) AS meetings, quantile_cont(meeting, [.25, .5, .75]) AS meeting
    FROM seconds)
SELECT webs, web[1], web[2], web[3], chats, chat[1], chat[2], chat[3],
       phones, phone[1], phone[2], phone[3], meetings, meeting[1], meeting[2], meeting[3]
FROM quartiles

-- clickhouse
WITH firsts AS (
    SELECT minIfOrNull(occurred_at, channel = 'email') AS email,
           minIfOrNull(occurred_at, channel = 'web') AS web,
           minIfOrNull(occurred_at, channel = 'chat') AS chat,
           minIfOrNull(occurred_at, channel = 'phone') AS phone,
           minIfOrNull(occurred_at, channel = 'meeting') AS meeting
    FROM {rows} GROUP BY {entity}),
quartiles AS (
    SELECT countIf(web >= email) AS webs, countIf(chat >= web) AS chats, countIf(phone >= chat) AS phones,
           countIf(meeting >= phone) AS meetings,
           quantilesExactInclusiveIf(.25, .5, .75)(dateDiff('microsecond', email, web) / 1e6, web >= email) AS web_after,
           quantilesExactInclusiveIf(.25, .5, .75)(dateDiff('microsecond', web, chat) / 1e6, chat >= web) AS chat_after,
           quantilesExactInclusiveIf(.25, .5, .75)(dateDiff('microsecond', chat, phone) / 1e6, phone >= chat) AS phone_after,
           quantilesExactInclusiveIf(.25, .5, .75)(dateDiff('microsecond', phone, meeting) / 1e6, meeting >= phone)
               AS meeting_after
    FROM firsts)
SELECT webs, web_after[1], web_after[2], web_after[3], chats, chat_after[1], chat_after[2], chat_after[3],
       phones, phone_after[1], phone_after[2], phone_after[3],
       meetings, meeting_after[1], meeting_after[2], meeting_after[3]
FROM quartiles
SETTINGS optimize_aggregation_in_order = 1
