#pragma once

#include <string>

#include "protocols/protocol.h"
#include "suite/evaluation.h"

namespace repbench {

/// What `Evaluation::dataset` says where a file of features is judged, which brings its own data:
/// "features:NAME".
std::string feature_dataset(const Subject& subject);
bool is_feature_dataset(const std::string& dataset);

/// The rows that a protocol is about: the file's own split; a stratified hold-out by the rows' ids where it
/// has none and the protocol learns; all rows where it has none and the protocol does not, or where training
/// and test rows shall be of one split. Throws
/// std::invalid_argument for a row without a label where the protocol needs labels.
Task open_feature_task(const Subject& subject, const ProtocolKind& kind, const EvaluateOptions& options);

/// What a reader of the number has to know: that the split is ours. "" if it is not.
std::string feature_task_warning(const Subject& subject, const ProtocolKind& kind,
                                 const EvaluateOptions& options);

}  // namespace repbench
