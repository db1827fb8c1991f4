#pragma once

#include "mockbraze/endpoints/exchange.h"

// The endpoints that read, name, join and remove profiles, docs/braze-contract.md section 7. See
// Route::answer. What they change is changed at once, whatever the processing delay, and what they
// read is what has been processed. Of a request with a bad entry nothing is done; that, and the
// texts that section does not give, are ours. Thread safety: any thread.
namespace mockbraze {

// POST /users/export/ids, whose limit is another with fields_to_export (section 1.8).
Response AnswerExport(Exchange& exchange);
RateBucket ExportBucket(const Exchange& exchange);

Response AnswerDelete(Exchange& exchange);    // POST /users/delete
Response AnswerAliasNew(Exchange& exchange);  // POST /users/alias/new
Response AnswerIdentify(Exchange& exchange);  // POST /users/identify
Response AnswerMerge(Exchange& exchange);     // POST /users/merge

}  // namespace mockbraze
