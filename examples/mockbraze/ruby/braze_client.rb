# frozen_string_literal: true

require "json"
require "net/http"

# The code under test: a small client of Braze's /users/track. `url` is what tests replace: your
# instance's REST endpoint, or the mock's address.
class BrazeClient
  class Refused < StandardError; end

  OBJECTS_MAX = 75 # Of one request.
  ATTEMPTS_MAX = 4

  # pause: seconds before the first repetition, doubled before each further one.
  def initialize(url, api_key, pause: 1.0)
    @uri = URI("#{url}/users/track")
    @api_key = api_key
    @pause = pause
  end

  # Sends the objects and returns Braze's entries about those that it refused.
  def track(attributes)
    attributes.each_slice(OBJECTS_MAX).with_index.flat_map do |batch, number|
      errors = post(attributes: batch).fetch("errors", [])
      errors.map { |error| error.merge("index" => number * OBJECTS_MAX + error["index"]) }
    end
  end

  private

  def post(body)
    headers = { "Authorization" => "Bearer #{@api_key}", "Content-Type" => "application/json" }
    (1..ATTEMPTS_MAX).each do |attempt|
      answer = Net::HTTP.post(@uri, JSON.generate(body), headers)
      return JSON.parse(answer.body) if answer.is_a?(Net::HTTPSuccess)

      again = answer.code == "429" || answer.is_a?(Net::HTTPServerError)
      raise Refused, "Braze answered #{answer.code}" if !again || attempt == ATTEMPTS_MAX

      sleep(@pause * 2**(attempt - 1))
    end
  end
end
