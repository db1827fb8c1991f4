import urllib.error

import pytest
from braze_client import BrazeClient


@pytest.fixture
def client(mock):
    return BrazeClient(mock.url, "a-key", pause=0.01)


def test_attributes_arrive_with_their_types(client, mock):
    attributes = {"plan": "pro", "visits": 3, "churn": 0.25, "senior": False, "tags": ["a", "b"]}
    assert client.track([{"external_id": "1", **attributes}]) == []
    user = mock.user("1")
    assert user["custom_attributes"] == attributes
    assert isinstance(user["custom_attributes"]["visits"], int)
    assert user["custom_attribute_types"]["churn"] == "float"


def test_refused_object_is_named_and_the_others_are_kept(client, mock):
    kept = [{"external_id": "1", "plan": "pro"}, {"external_id": "3", "plan": "free"}]
    [error] = client.track([kept[0], {"plan": "lost"}, kept[1]])
    assert (error["index"], error["input_array"]) == (1, "attributes")
    assert mock.user("1")["custom_attributes"] == {"plan": "pro"}
    assert mock.user("3")["custom_attributes"] == {"plan": "free"}


def test_more_than_75_objects_are_split(client, mock):
    assert client.track([{"external_id": str(i), "n": i} for i in range(100)]) == []
    assert [len(request["body"]["attributes"]) for request in mock.requests()] == [75, 25]


def test_unavailable_braze_is_asked_again(client, mock):
    mock.set_faults("status=503,count=2")
    assert client.track([{"external_id": "1", "plan": "pro"}]) == []
    assert [request["status"] for request in mock.requests()] == [503, 503, 201]
    assert mock.user("1")["custom_attributes"] == {"plan": "pro"}


def test_wrong_key_is_not_tried_again(client, mock):
    mock.set_faults("status=401")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        client.track([{"external_id": "1", "plan": "pro"}])
    assert len(mock.requests()) == 1
