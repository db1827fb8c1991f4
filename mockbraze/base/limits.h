#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

// Every bound of the mock, in one place. Those that are Braze's cite the contract; the others keep
// the mock itself small and alive whatever it is sent.
namespace mockbraze::limits {

// --- Braze's, docs/braze-contract.md ---

// Section 1.6: objects per request, attributes, events and purchases together.
inline constexpr std::size_t track_objects_max = 75;
// Section 5: the same on /users/track/bulk, and how many of them may be about one user.
inline constexpr std::size_t bulk_objects_max = 1000;
inline constexpr std::size_t bulk_objects_per_user_max = 100;
// Sections 1.6 and 7: ids, aliases or merges in one request of the endpoints that take them.
inline constexpr std::size_t ids_max = 50;
// Section 1.7: 4 MB, on /users/track/bulk 2 MB; the mock takes the larger reading so that it never
// refuses what Braze takes.
inline constexpr std::size_t track_body_bytes_max = std::size_t{4} * 1024 * 1024;
inline constexpr std::size_t bulk_body_bytes_max = std::size_t{2} * 1024 * 1024;
// Section 1.7.
inline constexpr std::size_t external_id_bytes_max = 987;
inline constexpr std::size_t alias_bytes_max = 236;
inline constexpr std::size_t string_characters_max = 255;
inline constexpr std::size_t array_items_max = 500;
inline constexpr std::size_t legacy_array_items_max = 25;
inline constexpr std::size_t nested_bytes_max = std::size_t{100} * 1024;
inline constexpr std::size_t properties_bytes_max = std::size_t{100} * 1024;
inline constexpr std::int64_t purchase_quantity_max = 100;
inline constexpr std::size_t product_ids_max = 5000;  // different ones in a workspace
inline constexpr std::size_t device_id_bytes_min = 8;
inline constexpr std::size_t device_id_bytes_max = 255;
// Section 1.8: requests in a window, for contracts by data points; in an hour, for MAU contracts
// (ours: the contract's own figure is in nobody's documentation).
inline constexpr std::int64_t rate_requests = 3000;
inline constexpr std::chrono::seconds rate_window{3};
inline constexpr std::int64_t rate_hourly = 250'000;

// --- ours ---

// JSON deeper than this is answered with 400.
inline constexpr std::size_t json_depth_max = 128;
// current_location: a place on Earth.
inline constexpr double longitude_max = 180;
inline constexpr double latitude_max = 90;
// Attributes of one profile; more are dropped in silence, and counted as such.
inline constexpr std::size_t profile_attributes_max = 2000;
// The same of its names of events, of its products, and of its subscription groups.
inline constexpr std::size_t profile_happenings_max = 5000;
inline constexpr std::size_t profile_groups_max = 1000;
// Times that something happened to one user.
inline constexpr std::int64_t happening_count_max = 1'000'000'000'000'000;
// Users of one e-mail address who get a subscription group that one of them gets.
inline constexpr std::size_t group_users_max = 1000;
// Objects to merge whose members together are fewer are searched one by one.
inline constexpr std::size_t searched_members_max = 32;
// Objects of a request beyond which they are only counted, because it is refused in any case.
inline constexpr std::size_t parsed_objects_max = 1000;
inline constexpr std::size_t control_body_bytes_max = std::size_t{64} * 1024 * 1024;
inline constexpr std::size_t header_bytes_max = std::size_t{32} * 1024;
// What a connection has for heads and chunks: room to begin with, at most, and for one more read.
inline constexpr std::size_t read_buffer_bytes = std::size_t{16} * 1024;
inline constexpr std::size_t read_buffer_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t read_step_bytes = std::size_t{4} * 1024;
// A body gets so much room at first; more as it arrives.
inline constexpr std::size_t body_step_bytes = std::size_t{64} * 1024;
// Answers up to this size are sent in one piece with their head.
inline constexpr std::size_t joined_body_bytes_max = std::size_t{16} * 1024;
// A guess that saves allocations, no bound.
inline constexpr std::size_t usual_headers = 12;
// Of a file with certificates or a key.
inline constexpr std::size_t pem_bytes_max = std::size_t{1} * 1024 * 1024;
inline constexpr std::size_t connections_max = 10'000;
inline constexpr std::chrono::milliseconds accept_again_after{50};
inline constexpr std::chrono::seconds handshake_timeout{10};
inline constexpr std::chrono::seconds idle_timeout{120};
inline constexpr std::chrono::seconds write_timeout{120};
// A client that goes on sending after its 413 is read, and what it sends thrown away, so far.
inline constexpr std::size_t drain_bytes_max = std::size_t{64} * 1024 * 1024;
inline constexpr std::chrono::seconds drain_timeout{10};
// A request that hangs by a fault is dropped after this time if its client does not leave first.
inline constexpr std::chrono::hours hang_max{1};
inline constexpr int slow_pieces = 10;
inline constexpr std::size_t recorded_requests_max = 1000;
inline constexpr std::size_t recorded_bytes_max = std::size_t{64} * 1024 * 1024;
inline constexpr std::size_t recorded_answer_bytes_max = std::size_t{64} * 1024;
inline constexpr std::size_t recorded_limit_default = 20;
// GET /_mock/users?wait=…: how often it looks, and how long it may be asked to wait.
inline constexpr std::chrono::milliseconds watch_interval{5};
inline constexpr std::chrono::milliseconds watch_max{60'000};
// Profiles of one POST /_mock/profiles.
inline constexpr std::size_t imported_profiles_max = 100'000;
// A filter of POST /_mock/segments/preview: conditions in all and in one another, texts in its
// lists, and how many ids the answer shows.
inline constexpr std::size_t segment_conditions_max = 100;
inline constexpr std::size_t segment_depth_max = 20;
inline constexpr std::size_t segment_texts_max = 10'000;
inline constexpr std::size_t segment_ids_max = 100;
inline constexpr std::size_t users_page_default = 1000;
inline constexpr std::size_t users_page_max = 10'000;
inline constexpr std::size_t faults_max = 1000;
// A file named by a flag.
inline constexpr std::size_t flag_file_bytes_max = std::size_t{16} * 1024 * 1024;
inline constexpr std::size_t keys_max = 1000;
inline constexpr std::size_t stubs_max = 1000;
inline constexpr std::size_t workspaces_max = 10'000;
// Names in one list of POST /_mock/workspace.
inline constexpr std::size_t setting_names_max = 10'000;
inline constexpr std::int64_t setting_number_max = 1'000'000'000;
// Objects that wait for --processing-delay, and about what they take; beyond either the oldest are
// applied early.
inline constexpr std::size_t waiting_objects_max = 1'000'000;
inline constexpr std::size_t waiting_bytes_max = std::size_t{256} * 1024 * 1024;
inline constexpr std::chrono::hours duration_max{24 * 365};

}  // namespace mockbraze::limits
