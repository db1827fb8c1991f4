# frozen_string_literal: true

require "json"
require "net/http"

# A running mockbraze: one process for the whole test run, forgotten state after each reset.
class Mockbraze
  attr_reader :url

  # The one that all tests share. It ends with them.
  def self.shared
    @shared ||= new.tap { |mock| Minitest.after_run { mock.stop } }
  end

  def initialize
    program = ENV.fetch("MOCKBRAZE", "mockbraze")
    @process = IO.popen([program, "--listen", "127.0.0.1:0", "--exit-with-stdin"], "r+")
    first_line = @process.gets.to_s
    raise "#{program} did not start" unless first_line.start_with?("listening on ")

    @url = first_line.split.last
  end

  # The profile as Braze would export it.
  def user(external_id)
    call("/_mock/users?#{URI.encode_www_form(external_id: external_id)}")
  end

  # What has arrived, newest last.
  def requests
    call("/_mock/requests")["requests"]
  end

  def set_faults(*faults)
    call("/_mock/faults", faults: faults)
  end

  def reset
    call("/_mock/reset", {})
  end

  # Closes its standard input, which ends it.
  def stop
    @process.close
    raise "mockbraze ended with #{$?}" unless $?.success?
  end

  private

  def call(path, body = nil)
    uri = URI(@url + path)
    json = { "Content-Type" => "application/json" }
    answer = body ? Net::HTTP.post(uri, JSON.generate(body), json) : Net::HTTP.get_response(uri)
    raise "#{path}: #{answer.code} #{answer.body}" unless answer.is_a?(Net::HTTPSuccess)

    JSON.parse(answer.body)
  end
end
