#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/record.h"

namespace repbench {

/// The metric that a paper reports on a data set.
struct PaperMetric {
  std::string_view metric;  // a name in reports/metric_kinds.cpp
  std::string_view source;
};

/// Of a data set's name as reports have it: `cifar10`, `image_folder:dtd`, `subset:half of voc:VOC2007`.
/// Case, separators and a leading `wds_` or `vtab_` do not matter. Throws std::invalid_argument naming the
/// nearest data set of the table.
PaperMetric paper_metric(std::string_view dataset);

/// What a setting `headline` may be: names of metrics, and `paper`.
std::vector<std::string> headline_choices();

/// Complains before anything is computed: throws std::invalid_argument "[WHERE] key 'headline': ..." for what
/// is no such choice, and for `paper` with a data set whose papers are not known.
void check_headline(std::string_view choice, std::string_view dataset, std::string_view where);

/// Makes the chosen metric the headline: a metric of the record, mean_top1_top5 also from the outcomes'
/// columns correct and correct_top5; `paper` is what paper_metric says, and resolved["paper_metric"] and
/// resolved["paper_metric_source"] then tell. Throws std::invalid_argument "[WHERE] key 'headline': expected
/// ...; got
/// ..." for a metric that the record does not have.
void set_headline(Record& record, std::string_view dataset, std::string_view choice, std::string_view where);

}  // namespace repbench
