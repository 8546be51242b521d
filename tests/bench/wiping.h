// The heap as the product's programs have it: each block is wiped when it is freed
// (base/wipe_on_free.cc). Here that can be switched, so that ours pays for it and the
// baselines, which need no such thing, do not.
#ifndef ILKIMZA_TESTS_BENCH_WIPING_H_
#define ILKIMZA_TESTS_BENCH_WIPING_H_

namespace ilkimza::bench {

// As long as one lives, freed blocks of all threads are wiped. Does not nest.
class Wiping {
 public:
  Wiping();
  Wiping(const Wiping&) = delete;
  Wiping& operator=(const Wiping&) = delete;
  ~Wiping();
};

}  // namespace ilkimza::bench

#endif  // ILKIMZA_TESTS_BENCH_WIPING_H_
