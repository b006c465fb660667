-- Grain: one row per act of the window, in the temporary table acts
-- What counts is said by the models named here, so that the numbers are those of the next build:
-- stg_<system>__events, stg_commerce__orders, __refunds and __carts, int_core__orders (status, validity),
-- int_identity__records (who is nobody), buyer_record_key, known_then. DuckDB alone runs this.
-- Read: views lake_<system>_<table> over the parts that may matter; the published file as marts; the
-- temporary tables exclusions (identifier_type, identifier_value in lower case) and erased_records.
-- Variables, in UTC: window_start_at (inclusive) and as_of_end_at, the end of the business date
-- (exclusive).

create or replace temp table events as
with versions as (
    select
        'mini_program' as channel,
        event_id,
        'mini_program.users:' || openid as record_key,
        event_type,
        product_id,
        occurred_at,
        _content_hash,
        filename
    from lake_mini_program_events
    union all
    select
        'app' as channel,
        event_id,
        'app.users:' || app_user_id as record_key,
        event_type,
        product_id,
        occurred_at,
        _content_hash,
        filename
    from lake_app_events
    union all
    select
        'website' as channel,
        event_id,
        'website.users:' || web_user_id as record_key,
        event_type,
        product_id,
        occurred_at,
        _content_hash,
        filename
    from lake_website_events
)

select *
from versions
where
    occurred_at >= getvariable('window_start_at')
    and occurred_at < getvariable('as_of_end_at')
qualify row_number() over (
    partition by channel, event_id order by occurred_at desc, _content_hash desc
) = 1;

-- Two scans, each by one column: so all others are read of the rows that are found alone.
create or replace temp table orders as
with found_versions as (
    select *
    from lake_commerce_orders
    where updated_at >= getvariable('window_start_at')
    union all
    select *
    from lake_commerce_orders
    where
        ordered_at >= getvariable('window_start_at')
        and updated_at < getvariable('window_start_at')
),

versions as (
    select
        *,
        coalesce(updated_at < getvariable('as_of_end_at'), true) as is_known
    from found_versions
),

known_versions as (
    select *
    from versions
    where is_known or ordered_at < getvariable('as_of_end_at')
    qualify row_number() over (
        partition by order_id
        order by
            case when is_known then 0 else 1 end,
            case when is_known then updated_at end desc nulls last,
            updated_at asc nulls last,
            _content_hash desc
    ) = 1
)

select
    order_id,
    case
        when order_channel is null then null
        when order_channel in ('website', 'mini_program', 'app', 'tmall', 'jd', 'douyin', 'pos')
            then order_channel
        else 'other'
    end as channel,
    buyer_key_type,
    buyer_key,
    buyer_key_status,
    buyer_key_token,
    order_channel as platform,
    ordered_at,
    net_amount,
    coalesce(order_kind, 'sale') = 'sale'
    and not coalesce(is_test, false)
    and not coalesce(
        coalesce(cancelled_at, case when status = 'cancelled' then updated_at end)
        < getvariable('as_of_end_at'),
        false
    )
    and not coalesce(paid_at >= getvariable('as_of_end_at'), false)
    and not (paid_at is null and status in ('created', 'cancelled')) as is_sold,
    filename
from known_versions;

create or replace temp table refunds as
select
    refund_id,
    order_id,
    refund_amount,
    refunded_at,
    filename
from lake_commerce_refunds
where
    refunded_at >= getvariable('window_start_at')
    and refunded_at < getvariable('as_of_end_at')
qualify row_number() over (
    partition by refund_id order by refunded_at desc, _content_hash desc
) = 1;

create or replace temp table carts as
with versions as (
    select *
    from lake_commerce_carts
    where
        occurred_at >= getvariable('window_start_at')
        and occurred_at < getvariable('as_of_end_at')
    qualify row_number() over (
        partition by cart_event_id order by occurred_at desc, _content_hash desc
    ) = 1
),

platforms as (
    select
        split_part(source_key, ':', 2) as buyer_id,
        min(split_part(source_key, ':', 1)) as platform
    from marts.identity.oneid_map
    where
        source_system = 'marketplace'
        and source_table = 'buyers'
        and split_part(source_key, ':', 2) in (
            select buyer_key from versions where buyer_key_type = 'buyer_id'
        )
    group by all
    having count(*) = 1
)

select
    versions.* exclude (action),
    coalesce(platforms.platform, 'unknown') as platform
from versions
left join platforms
    on versions.buyer_key_type = 'buyer_id' and versions.buyer_key = platforms.buyer_id
where versions.action = 'add';

-- A refund of an order of the window belongs to that order; any other to one that is published.
create or replace temp table all_acts as
with buyers as (
    select
        'ordered' as activity,
        channel,
        ordered_at as occurred_at,
        net_amount as amount,
        cast(null as varchar) as product_id,
        buyer_key_type, buyer_key, buyer_key_status, buyer_key_token, platform,
        cast(null as varchar) as published_one_id,
        filename
    from orders
    where
        is_sold
        and ordered_at >= getvariable('window_start_at')
        and ordered_at < getvariable('as_of_end_at')
    union all
    select
        'returned' as activity,
        orders.channel,
        refunds.refunded_at as occurred_at,
        refunds.refund_amount as amount,
        cast(null as varchar) as product_id,
        buyer_key_type, buyer_key, buyer_key_status, buyer_key_token, platform,
        cast(null as varchar) as published_one_id,
        refunds.filename
    from refunds
    inner join orders on refunds.order_id = orders.order_id
    where orders.is_sold
    union all
    select
        'returned' as activity,
        published_orders.order_channel as channel,
        refunds.refunded_at as occurred_at,
        refunds.refund_amount as amount,
        cast(null as varchar) as product_id,
        cast(null as varchar), cast(null as varchar), cast(null as varchar), cast(null as varchar),
        cast(null as varchar),
        published_orders.one_id as published_one_id,
        refunds.filename
    from refunds
    inner join marts.core.fct_orders as published_orders
        on refunds.order_id = published_orders.order_id
    where
        published_orders.is_valid
        and refunds.order_id not in (select order_id from orders)
    union all
    select
        'carted' as activity,
        case buyer_key_type
            when 'openid' then 'mini_program'
            when 'app_user_id' then 'app'
            when 'web_user_id' then 'website'
            else 'other'
        end as channel,
        occurred_at,
        cast(null as decimal(18, 2)) as amount,
        product_id,
        buyer_key_type, buyer_key, buyer_key_status, buyer_key_token, platform,
        cast(null as varchar) as published_one_id,
        filename
    from carts
),

acts_of_all_feeds as (
    select
        activity,
        activity = 'carted' as is_of_cart_feed,
        channel,
        occurred_at,
        amount,
        product_id,
        case
            when buyer_key_type = 'none' or buyer_key_status <> 'usable' then null
            when buyer_key_type = 'member_no' then 'crm.members:' || buyer_key
            when buyer_key_type = 'openid' then 'mini_program.users:' || buyer_key
            when buyer_key_type = 'app_user_id' then 'app.users:' || buyer_key
            when buyer_key_type = 'web_user_id' then 'website.users:' || buyer_key
            when buyer_key_type = 'buyer_id'
                then 'marketplace.buyers:' || platform || ':' || buyer_key
            when buyer_key_type = 'phone' then 'commerce.orders:phone:' || buyer_key_token
            when buyer_key_type = 'card_no' then 'commerce.orders:card_no:' || buyer_key_token
            else 'commerce.orders:other:' || buyer_key_type || ':' || buyer_key
        end as record_key,
        case when buyer_key_type = 'phone' then buyer_key_token end as phone_token,
        coalesce(
            (
                lower(buyer_key) in (
                    select identifier_value from exclusions where identifier_type = 'any'
                )
            )
            or (
                buyer_key_type = 'phone'
                and lower(buyer_key) in (
                    select identifier_value from exclusions where identifier_type = 'phone'
                )
            ),
            false
        ) as is_placeholder,
        published_one_id,
        filename
    from buyers
    union all
    select
        case event_type
            when 'open' then 'opened'
            when 'view' then 'viewed'
            when 'search' then 'searched'
            when 'add_to_cart' then 'carted'
            when 'checkout' then 'checked_out'
            when 'share' then 'shared'
            when 'coupon_claim' then 'claimed'
            when 'check_in' then 'checked_in'
            else 'other'
        end as activity,
        false as is_of_cart_feed,
        channel,
        occurred_at,
        cast(null as decimal(18, 2)) as amount,
        product_id,
        record_key,
        cast(null as varchar) as phone_token,
        coalesce(
            lower(split_part(record_key, ':', 2)) in (
                select identifier_value from exclusions where identifier_type = 'any'
            ),
            false
        ) as is_placeholder,
        cast(null as varchar) as published_one_id,
        filename
    from events
)

select
    row_number() over (
        order by occurred_at, activity, channel, record_key, product_id, amount, filename
    ) as act_no,
    *
from acts_of_all_feeds;

-- A phone names its holders in turn: the record of a later tenure holds from its first fact on.
create or replace temp table known_records as
with keys as (
    select record_key from all_acts where record_key is not null group by record_key
),

records as (
    select
        source_system || '.' || source_table || ':' || case
            when source_system = 'commerce' then regexp_replace(source_key, '#[0-9]+$', '')
            else source_key
        end as record_key,
        case
            when source_system = 'commerce'
                then coalesce(try_cast(regexp_extract(source_key, '#([0-9]+)$', 1) as integer), 1)
            else 1
        end as tenure,
        one_id,
        first_seen_at
    from marts.identity.oneid_map
)

select records.*
from records
inner join keys on records.record_key = keys.record_key;

create or replace temp table acts as
with persons as (
    select
        all_acts.*,
        coalesce(all_acts.published_one_id, known_records.one_id) as one_id
    from all_acts
    left join known_records
        on
            all_acts.record_key = known_records.record_key
            and (known_records.tenure = 1 or all_acts.occurred_at >= known_records.first_seen_at)
    qualify row_number() over (
        partition by all_acts.act_no order by known_records.tenure desc nulls last
    ) = 1
),

judged as (
    select
        persons.*,
        case
            when persons.one_id is not null then persons.one_id
            when persons.is_placeholder then null
            when
                persons.phone_token in (
                    select identifier_token
                    from marts.identity.oneid_cut_identifiers
                    where identifier_type = 'phone'
                )
                then null
            else persons.record_key
        end as person_key,
        erased_persons.one_id is not null or erased_records.source_record_key is not null
            as is_erased
    from persons
    left join (select one_id from erased_records group by one_id) as erased_persons
        on persons.one_id = erased_persons.one_id
    left join erased_records on persons.record_key = erased_records.source_record_key
    left join marts.identity.dim_member as members on persons.one_id = members.one_id
    where not coalesce(members.is_test or members.is_staff, false)
)

select
    act_no,
    activity,
    channel,
    occurred_at,
    amount,
    product_id,
    one_id,
    person_key,
    is_erased,
    filename
from judged
-- What both feeds tell is one act: the cart feed adds what no event of the person tells, and names
-- the person of an event that names nobody.
where
    case
        when is_of_cart_feed
            then not exists (
                select 1 from judged as told
                where
                    not told.is_of_cart_feed
                    and told.activity = 'carted'
                    and told.person_key = judged.person_key
                    and told.product_id = judged.product_id
            )
        when activity = 'carted' and person_key is null
            then not exists (
                select 1 from judged as named
                where
                    named.is_of_cart_feed
                    and named.product_id = judged.product_id
                    and named.occurred_at = judged.occurred_at
            )
        else true
    end;
