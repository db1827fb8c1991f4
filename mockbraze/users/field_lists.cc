#include "mockbraze/users/field_lists.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "mockbraze/base/text.h"

namespace mockbraze {
namespace {

constexpr std::string_view languages =
    "aa;ab;ae;af;ak;am;an;ar;as;av;ay;az;ba;be;bg;bh;bi;bm;bn;bo;br;bs;ca;ce;ch;co;cr;cs;cu;cv;"
    "cy;da;de;dv;dz;ee;el;en;eo;es;et;eu;fa;ff;fi;fj;fo;fr;fy;ga;gd;gl;gn;gu;gv;ha;he;hi;ho;hr;"
    "ht;hu;hy;hz;ia;id;ie;ig;ii;ik;io;is;it;iu;ja;jv;ka;kg;ki;kj;kk;kl;km;kn;ko;kr;ks;ku;kv;kw;"
    "ky;la;lb;lg;li;ln;lo;lt;lu;lv;mg;mh;mi;mk;ml;mn;mr;ms;mt;my;na;nb;nd;ne;ng;nl;nn;no;nr;nv;"
    "ny;oc;oj;om;or;os;pa;pi;pl;ps;pt;qu;rm;rn;ro;ru;rw;sa;sc;sd;se;sg;si;sk;sl;sm;sn;so;sq;sr;"
    "ss;st;su;sv;sw;ta;te;tg;th;ti;tk;tl;tn;to;tr;ts;tt;tw;ty;ug;uk;ur;uz;ve;vi;vo;wa;wo;xh;yi;"
    "yo;za;zh;zu;";

// Without the code for "no currency".
constexpr std::string_view currencies =
    "AED;AFN;ALL;AMD;ANG;AOA;ARS;AUD;AWG;AZN;BAM;BBD;BDT;BGN;BHD;BIF;BMD;BND;BOB;BOV;BRL;BSD;BTN;"
    "BWP;BYN;BZD;CAD;CDF;CHE;CHF;CHW;CLF;CLP;CNY;COP;COU;CRC;CUC;CUP;CVE;CZK;DJF;DKK;DOP;DZD;EGP;"
    "ERN;ETB;EUR;FJD;FKP;GBP;GEL;GHS;GIP;GMD;GNF;GTQ;GYD;HKD;HNL;HRK;HTG;HUF;IDR;ILS;INR;IQD;IRR;"
    "ISK;JMD;JOD;JPY;KES;KGS;KHR;KMF;KPW;KRW;KWD;KYD;KZT;LAK;LBP;LKR;LRD;LSL;LYD;MAD;MDL;MGA;MKD;"
    "MMK;MNT;MOP;MRU;MUR;MVR;MWK;MXN;MXV;MYR;MZN;NAD;NGN;NIO;NOK;NPR;NZD;OMR;PAB;PEN;PGK;PHP;PKR;"
    "PLN;PYG;QAR;RON;RSD;RUB;RWF;SAR;SBD;SCR;SDG;SEK;SGD;SHP;SLE;SLL;SOS;SRD;SSP;STN;SVC;SYP;SZL;"
    "THB;TJS;TMT;TND;TOP;TRY;TTD;TWD;TZS;UAH;UGX;USD;USN;UYI;UYU;UYW;UZS;VED;VES;VND;VUV;WST;XAF;"
    "XAG;XAU;XBA;XBB;XBC;XBD;XCD;XDR;XOF;XPD;XPF;XPT;XSU;XTS;XUA;YER;ZAR;ZMW;ZWL;";

// The entries of lists, sorted.
class Names {
 public:
  explicit Names(std::initializer_list<std::string_view> lists) {
    for (const std::string_view list : lists) {
      const auto entries = Split(list, ';');
      // The last one is the nothing behind the last ';'.
      names_.insert(names_.end(), entries.begin(), entries.end() - 1);
    }
    std::ranges::sort(names_);
  }
  bool Has(std::string_view name) const { return std::ranges::binary_search(names_, name); }

 private:
  std::vector<std::string_view> names_;
};

using Countries = std::map<std::string, std::string_view, std::less<>>;

Countries ReadCountries() {
  Countries countries;
  for (const std::string_view entry : Split(country_list, ';')) {
    if (entry.empty()) continue;
    const std::string_view code = entry.substr(0, 2);
    countries.emplace(ToLower(code), code);
    for (const std::string_view name : Split(entry.substr(3), '|')) {
      countries.emplace(ToLower(name), code);
    }
  }
  return countries;
}

}  // namespace

std::string_view CountryCode(std::string_view text) {
  static const Countries countries = ReadCountries();
  const auto found = countries.find(ToLower(text));
  return found == countries.end() ? std::string_view() : found->second;
}

bool IsLanguageCode(std::string_view text) {
  static const Names names{languages};
  return names.Has(text);
}

bool IsTimeZone(std::string_view text) {
  static const Names names{time_zone_list, rails_zone_list};
  return names.Has(text);
}

bool IsCurrencyCode(std::string_view text) {
  static const Names names{currencies};
  return names.Has(text);
}

}  // namespace mockbraze
