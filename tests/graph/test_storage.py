"""The overview's question, how much is kept."""

from tests.graph.api import Api


async def test_it_tells_rows_and_bytes(api: Api) -> None:
    ids = await api.create_all({"title": "a"}, {"title": "b"})
    for one in ids:
        await api.ask("mutation ($id: ID!) { cancelTask(id: $id) { id } }", id=one)
    measured = (await api.ask("{ storage { tasks events bytes } }"))["storage"]
    assert (measured["tasks"], measured["events"]) == (2, 4)
    assert measured["bytes"] > 10_000
    assert measured["bytes"] == int(measured["bytes"])
