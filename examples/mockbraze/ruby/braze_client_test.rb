# frozen_string_literal: true

require "minitest/autorun"
require_relative "braze_client"
require_relative "mockbraze"

class BrazeClientTest < Minitest::Test
  def setup
    @mock = Mockbraze.shared
    @mock.reset
    @client = BrazeClient.new(@mock.url, "a-key", pause: 0.01)
  end

  def test_attributes_arrive_with_their_types
    attributes = { "plan" => "pro", "visits" => 3, "churn" => 0.25, "tags" => %w[a b] }
    assert_empty @client.track([{ "external_id" => "1" }.merge(attributes)])
    user = @mock.user("1")
    assert_equal attributes, user["custom_attributes"]
    assert_kind_of Integer, user["custom_attributes"]["visits"]
    assert_equal "float", user["custom_attribute_types"]["churn"]
  end

  def test_refused_object_is_named_and_the_others_are_kept
    kept = [{ external_id: "1", plan: "pro" }, { external_id: "3", plan: "free" }]
    errors = @client.track([kept[0], { plan: "lost" }, kept[1]])
    assert_equal [[1, "attributes"]], errors.map { |error| error.values_at("index", "input_array") }
    assert_equal({ "plan" => "pro" }, @mock.user("1")["custom_attributes"])
    assert_equal({ "plan" => "free" }, @mock.user("3")["custom_attributes"])
  end

  def test_more_than_75_objects_are_split
    assert_empty @client.track((0...100).map { |i| { external_id: i.to_s, n: i } })
    assert_equal [75, 25], @mock.requests.map { |request| request["body"]["attributes"].size }
  end

  def test_unavailable_braze_is_asked_again
    @mock.set_faults("status=503,count=2")
    assert_empty @client.track([{ external_id: "1", plan: "pro" }])
    assert_equal [503, 503, 201], @mock.requests.map { |request| request["status"] }
    assert_equal({ "plan" => "pro" }, @mock.user("1")["custom_attributes"])
  end

  def test_wrong_key_is_not_tried_again
    @mock.set_faults("status=401")
    assert_raises(BrazeClient::Refused) { @client.track([{ external_id: "1", plan: "pro" }]) }
    assert_equal 1, @mock.requests.size
  end
end
