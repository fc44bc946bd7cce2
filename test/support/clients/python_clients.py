"""Python's drivers against the server that the PG* variables name: `python_clients.py DRIVER` prints what it has seen to work, a line each."""

import asyncio
import io
import os
import select
import sys
import threading

ROWS = 5_000
LARGE = 8 * 1024 * 1024


def seen(what):
    print(what, flush=True)


def sleeping(ask):
    """Returns once a statement sleeps in the server."""
    while ask("select count(*) from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'") == 0:
        pass


def with_psycopg():
    import psycopg

    with psycopg.connect(autocommit=True) as connection:
        cursor = connection.cursor(binary=True)
        for n in range(8):  # From the sixth on it is prepared in the server.
            assert cursor.execute("select %s::int + 1", (n,)).fetchone() == (n + 1,)
        seen("prepared statements")
        assert len(cursor.execute("select %s::text", ("z" * LARGE,)).fetchone()[0]) == LARGE
        seen("a large value")

        with connection.pipeline() as pipeline:
            cursors = [connection.execute("select %s::int", (n,)) for n in range(300)]
            pipeline.sync()
            assert [each.fetchone()[0] for each in cursors] == list(range(300))
        seen("a pipeline")
        try:
            with connection.pipeline():
                connection.execute("select 1")
                connection.execute("select 1 / 0")
                connection.execute("select 2")
        except psycopg.errors.DivisionByZero:
            seen("an error in a pipeline")

        connection.execute("create temp table copied (n int, line text)")
        with cursor.copy("copy copied from stdin") as copy:
            for n in range(ROWS):
                copy.write_row((n, "x" * 100))
        with cursor.copy("copy (select n from copied order by n) to stdout") as copy:
            assert [int(row[0]) for row in copy.rows()] == list(range(ROWS))
        seen("COPY both ways")

        with connection.transaction():
            with connection.cursor("portal") as portal:
                portal.itersize = 500
                portal.execute("select n from copied order by n")
                assert sum(row[0] for row in portal) == sum(range(ROWS))
        seen("a cursor of the server")

        connection.execute("listen news")
        with psycopg.connect(autocommit=True) as other:
            other.execute("select pg_notify('news', 'rates')")
        assert next(connection.notifies(timeout=30)).payload == "rates"
        seen("a notification")

        def cancel():
            with psycopg.connect(autocommit=True) as other:
                sleeping(lambda sql: other.execute(sql).fetchone()[0])
            connection.cancel_safe()

        canceller = threading.Thread(target=cancel)
        canceller.start()
        try:
            connection.execute("select pg_sleep(600)")
        except psycopg.errors.QueryCanceled:
            seen("a cancel")
        canceller.join()

    async def many():
        async def one(n):
            async with await psycopg.AsyncConnection.connect() as connection:
                return (await (await connection.execute("select %s::int", (n,))).fetchone())[0]

        assert await asyncio.gather(*(one(n) for n in range(10))) == list(range(10))

    asyncio.run(many())
    seen("ten at once")


def with_psycopg2():
    import psycopg2

    connection = psycopg2.connect("")
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute("select length(%s)", ("z" * LARGE,))
    assert cursor.fetchone() == (LARGE,)
    seen("a large value")
    cursor.execute("create temp table copied (n int)")
    cursor.copy_expert("copy copied from stdin", io.StringIO("".join(f"{n}\n" for n in range(ROWS))))
    out = io.StringIO()
    cursor.copy_expert("copy (select n from copied order by n) to stdout", out)
    assert [int(line) for line in out.getvalue().split()] == list(range(ROWS))
    seen("COPY both ways")

    connection.autocommit = False
    with connection, connection.cursor("portal") as portal:
        portal.itersize = 500
        portal.execute("select n from copied")
        assert sum(row[0] for row in portal) == sum(range(ROWS))
    seen("a cursor of the server")

    connection.autocommit = True
    other = psycopg2.connect("")
    other.autocommit = True
    asking = other.cursor()
    cursor.execute("listen news")
    asking.execute("select pg_notify('news', 'rates')")
    while not connection.notifies:
        assert select.select([connection], [], [], 30)[0]
        connection.poll()
    assert connection.notifies[0].payload == "rates"
    seen("a notification")

    def ask(sql):
        asking.execute(sql)
        return asking.fetchone()[0]

    def cancel():
        sleeping(ask)
        connection.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    try:
        cursor.execute("select pg_sleep(600)")
    except psycopg2.errors.QueryCanceled:
        seen("a cancel")
    canceller.join()


async def with_asyncpg():
    import asyncpg

    connection = await asyncpg.connect()
    prepared = await connection.prepare("select $1::int + 1")
    assert [await prepared.fetchval(n) for n in range(5)] == [1, 2, 3, 4, 5]
    seen("prepared statements")
    assert len(await connection.fetchval("select $1::text", "z" * LARGE)) == LARGE
    seen("a large value")
    await connection.execute("create temp table copied (n int, line text)")
    rows = [(n, "x" * 100) for n in range(ROWS)]
    assert await connection.copy_records_to_table("copied", records=rows) == f"COPY {ROWS}"
    out = io.BytesIO()
    await connection.copy_from_query("select n from copied order by n", output=out)
    assert [int(line) for line in out.getvalue().split()] == list(range(ROWS))
    seen("COPY both ways")
    async with connection.transaction():
        total = 0
        async for row in connection.cursor("select n from copied", prefetch=500):
            total += row[0]
    assert total == sum(range(ROWS))
    seen("a cursor of the server")

    heard = asyncio.get_running_loop().create_future()
    await connection.add_listener("news", lambda _c, _pid, _channel, payload: heard.set_result(payload))
    other = await asyncpg.connect()
    await other.execute("select pg_notify('news', 'rates')")
    assert await asyncio.wait_for(heard, 30) == "rates"
    seen("a notification")

    slow = asyncio.create_task(connection.execute("select pg_sleep(600)"))
    busy = "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'"
    while await other.fetchval(busy) == 0:
        await asyncio.sleep(0)
    slow.cancel()  # By a CancelRequest of the driver's own.
    try:
        await slow
    except asyncio.CancelledError:
        assert await connection.fetchval("select 1") == 1
        assert await other.fetchval(busy) == 0
        seen("a cancel")
    await connection.reset()
    await connection.execute("unlisten *")
    await connection.close()
    await other.close()

    async with asyncpg.create_pool(min_size=4, max_size=4) as pool:
        answers = await asyncio.gather(*(pool.fetchval("select $1::int", n) for n in range(100)))
        assert answers == list(range(100))
    seen("a pool")


if __name__ == "__main__":
    driver = sys.argv[1]
    assert os.environ["PGPASSWORD"]
    if driver == "asyncpg":
        asyncio.run(with_asyncpg())
    else:
        {"psycopg": with_psycopg, "psycopg2": with_psycopg2}[driver]()
