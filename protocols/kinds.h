#pragma once

#include <memory>

#include "protocols/protocol.h"

namespace repbench {

std::unique_ptr<Protocol> make_linear_probe();
std::unique_ptr<Protocol> make_knn();
std::unique_ptr<Protocol> make_zero_shot();
std::unique_ptr<Protocol> make_few_shot();
std::unique_ptr<Protocol> make_retrieval();
std::unique_ptr<Protocol> make_finetune();
std::unique_ptr<Protocol> make_throughput();
std::unique_ptr<Protocol> make_reconstruction();
std::unique_ptr<Protocol> make_visualise();
std::unique_ptr<Protocol> make_robustness();
std::unique_ptr<Protocol> make_calibration();
std::unique_ptr<Protocol> make_label_free();

}  // namespace repbench
