// A workspace per API key, and the page for people.

#include <string>

#include "mockbraze/base/limits.h"
#include "mockbraze/page/page_file.h"
#include "tests/unit/mockbraze/service_fixture.h"

namespace mockbraze {
namespace {

class WorkspacePerKey : public ServiceFixture {
 protected:
  WorkspacePerKey() {
    Options options;
    options.workspace_per_key = true;
    Restart(options);
  }
  Response Get(const std::string& target, const std::string& key) {
    return Send("GET", target, "", {{"Authorization", "Bearer " + key}});
  }
  Response Post(const std::string& path, const std::string& body, const std::string& key) {
    return Send("POST", path, body, {{"Authorization", "Bearer " + key}});
  }
  std::int64_t Requests(const std::string& key) {
    return *Parsed(Get("/_mock/stats", key).body).Find("requests")->integer();
  }
};

TEST_F(WorkspacePerKey, KeepsKeysApart) {
  Track(ManyObjects(2), "one");
  Track(ManyObjects(1), "two");
  Track(ManyObjects(1), "two");
  EXPECT_EQ(Requests("one"), 1);
  EXPECT_EQ(Requests("two"), 2);
  EXPECT_EQ(Get("/_mock/users?external_id=1", "one").status, 200);
  EXPECT_EQ(Get("/_mock/users?external_id=1", "two").status, 404);
  Post("/_mock/faults", R"({"faults":["status=503"]})", "one");
  Post("/_mock/clock", R"({"now":"2030-01-01","stopped":true})", "one");
  Post("/_mock/workspace", R"({"maintenance":true})", "two");
  EXPECT_EQ(Track(ManyObjects(1), "one").status, 503);
  EXPECT_EQ(Track(ManyObjects(1), "two").status, 202);
  EXPECT_EQ(Get("/_mock/clock", "two").body.find("2030"), std::string::npos);
}

TEST_F(WorkspacePerKey, ResetsOneAlone) {
  Track(ManyObjects(1), "one");
  Track(ManyObjects(1), "two");
  EXPECT_EQ(Post("/_mock/reset", "", "one").status, 200);
  EXPECT_EQ(Requests("one"), 0);
  EXPECT_EQ(Get("/_mock/users?external_id=0", "one").status, 404);
  EXPECT_EQ(Requests("two"), 1);
}

TEST_F(WorkspacePerKey, ControlCallsNeedTheKey) {
  for (const std::string path : {"/_mock/stats", "/_mock/users", "/_mock/requests"}) {
    const Response response = ServiceFixture::Get(path);
    EXPECT_EQ(response.status, 401) << path;
    EXPECT_NE(response.body.find("Authorization: Bearer KEY"), std::string::npos);
  }
  EXPECT_EQ(Control("/_mock/reset", "{}").status, 401);
  EXPECT_EQ(Track("{}", "").status, 401);
  EXPECT_EQ(ServiceFixture::Get("/_mock/health").status, 200);
}

TEST_F(WorkspacePerKey, HoldsSoManyWorkspaces) {
  for (std::size_t i = 0; i < limits::workspaces_max; ++i) {
    ASSERT_TRUE(workspaces_->Of("key-" + std::to_string(i)));
  }
  EXPECT_EQ(Get("/_mock/stats", "one-more").status, 507);
  EXPECT_EQ(Track(ManyObjects(1), "one-more").status, 507);
  EXPECT_EQ(Get("/_mock/stats", "key-0").status, 200);
  Post("/_mock/reset", "", "key-0");
  EXPECT_EQ(Get("/_mock/stats", "one-more").status, 200);
}

TEST_F(WorkspacePerKey, ThePageNeedsNoKey) {
  EXPECT_EQ(ServiceFixture::Get("/").status, 200);
  EXPECT_EQ(ServiceFixture::Get("/_mock/page/page.js").status, 200);
}

using Page = ServiceFixture;

TEST_F(Page, IsServedWithHeadersThatLetNothingElseRun) {
  for (const auto& [path, type] :
       {std::pair<std::string, std::string>{"/", "text/html; charset=utf-8"},
        {"/index.html", "text/html; charset=utf-8"},
        {"/_mock/page/style.css", "text/css; charset=utf-8"},
        {"/_mock/page/page.js", "text/javascript; charset=utf-8"},
        {"/_mock/page/icon.svg", "image/svg+xml; charset=utf-8"}}) {
    const Response response = Get(path);
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(Header(response, "content-type"), type) << path;
    EXPECT_EQ(Header(response, "cache-control"), "no-store");
    EXPECT_EQ(Header(response, "x-content-type-options"), "nosniff");
    const std::string policy = Header(response, "content-security-policy");
    EXPECT_TRUE(policy.starts_with("default-src 'self';")) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  }
  EXPECT_EQ(Stat("requests"), 0);
}

TEST_F(Page, SaysThatItIsUnofficial) {
  EXPECT_NE(Get("/").body.find("Unofficial, not affiliated with Braze"), std::string::npos);
}

TEST_F(Page, ReadsNoTextAsHtml) {
  for (const std::string name : {"api", "dom", "json", "page", "requests", "state", "users"}) {
    const PageFile* file = FindPageFile("/_mock/page/" + name + ".js");
    ASSERT_TRUE(file) << name;
    for (const std::string banned : {"innerHTML", "outerHTML", "insertAdjacent", "document.write",
                                     "eval(", "Function(", "DOMParser"}) {
      EXPECT_EQ(file->content.find(banned), std::string_view::npos) << name << banned;
    }
  }
}

TEST_F(Page, HasNothingFromOutside) {
  for (const std::string path : {"/", "/_mock/page/style.css", "/_mock/page/page.js"}) {
    const std::string_view content = FindPageFile(path)->content;
    EXPECT_EQ(content.find("://"), std::string_view::npos) << path;
  }
}

}  // namespace
}  // namespace mockbraze
