#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>

#include "protocols/protocol.h"
#include "protocols/throughput/sweep.h"

namespace repbench {

/// Something that can be done at any batch size. A call waits for its device.
struct Work {
  std::string name;      // "inference", "text_inference", "pretraining_step"
  std::string examples;  // "images", "texts"
  int64_t macs = 0;      // multiply-accumulates of one example
  MakeCall make;
};

/// An encoder as it is run for inference: on its device, its matrices in the dtype of products.
struct ReadyEncoder {
  std::shared_ptr<Encoder> encoder;
  StageContext stage;
  at::Device device;

  int64_t weight_bytes() const;
};
ReadyEncoder ready_encoder(const Subject& subject, const Execution& execution);

/// Random uint8 pictures, already on the device, through the visual trunk: normalised there, to features.
Work inference_work(const ReadyEncoder& ready, uint64_t seed);

/// Random texts that fill the context through the text side.
Work text_work(const ReadyEncoder& ready, uint64_t seed);

/// A step of the checkpoint's objective with its optimizer at a learning rate of 0: forward, backward,
/// update, from random pictures (and texts) in the host's memory. MACs are three times those forward.
Work pretraining_work(const Subject& subject, const Execution& execution, uint64_t seed);

/// The product of two random square matrices of n = `batch` rows, n^3 MACs: what the machine can do at best.
/// `macs` is n^3; a call counts as one example.
Workload matrix_product(at::ScalarType dtype, int64_t n, at::Device device, uint64_t seed);

/// Real pictures of the task's test examples from the disk to features: read, decoded, viewed by the loader's
/// threads while the encoder runs. Every block starts its own loader behind a batch that is not timed, and
/// goes on where the last one stopped; the file cache is warm after the first round. `waited` is set.
Workload pipeline(const ReadyEncoder& ready, const Task& task, int64_t batch, const ProtocolContext& context);

}  // namespace repbench
