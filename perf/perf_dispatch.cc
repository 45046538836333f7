/*
 * perf_dispatch - an operation's way through the pool.
 *
 * Purpose    start, finish, callback: what weir adds to a queue.  Producers
 *            submit through a provider that finishes at once; callbacks free
 *            the slot, so that `window` operations per producer are in flight.
 * Floors     BM_dispatch_floor_mpsc: a bare queue, the consumer spins.
 *            BM_dispatch_floor_mutex: a list, a mutex, a condition variable.
 * Counters   items_per_second; cpu_ns: CPU time of the whole process per item,
 *            producers included; wakes: threads woken per 1000 items; and, of
 *            every 64th item, p50_ns p99_ns max_ns from finish to callback.
 *            window 1 is one operation at a time, the poster spins.
 */
#include "floor_queue.h"

#include <weir/provider.h>
#include <weir/weir.h>

#include <benchmark/benchmark.h>

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace
{

constexpr uint64_t sample_every = 64;
constexpr unsigned spins = 64;

struct alignas(64) slot {
	weir_aio *aio = nullptr;
	weir_time *sample = nullptr; /* finish time in, wait out */
	std::atomic<uint32_t> busy{0};
};

/* Finishes at once, so there is never anything to cancel. */
const weir_provider provider = {
    sizeof(weir_provider), "perf dispatch", nullptr, nullptr};

double
process_cpu_ns()
{
	timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return double(ts.tv_sec) * 1e9 + double(ts.tv_nsec);
}

void
slot_cb(void *arg)
{
	auto *s = static_cast<slot *>(arg);

	if (s->sample != nullptr) {
		*s->sample = weir_now() - *s->sample;
	}
	/* Pairs with the acquire in slot_wait: carries the sample. */
	s->busy.store(0, std::memory_order_release);
}

void
slot_wait(const slot &s)
{
	for (unsigned looks = 1; s.busy.load(std::memory_order_acquire) != 0;
	     looks++) {
		if (looks % spins == 0) {
			sched_yield();
		}
	}
}

bool
slot_submit(slot &s, weir_time *sample)
{
	s.sample = sample;
	s.busy.store(1, std::memory_order_relaxed); /* the aio publishes it */
	if (weir_aio_reset(s.aio) != WEIR_OK ||
	    weir_aio_start(s.aio, &provider, &s) != WEIR_OK) {
		return false;
	}
	if (sample != nullptr) {
		*sample = weir_now();
	}
	return weir_aio_finish(s.aio, WEIR_OK);
}

/* One producer: its ring of slots, and its samples. */
class producer
{
      public:
	producer(unsigned window, uint64_t items)
	    : slots_(new slot[window]), window_(window), items_(items),
	      samples_(items / sample_every + 1)
	{
	}

	producer(producer &&) = default;

	~producer()
	{
		for (unsigned i = 0; slots_ != nullptr && i < window_; i++) {
			weir_aio_free(slots_[i].aio);
		}
	}

	bool prepare()
	{
		for (unsigned i = 0; i < window_; i++) {
			if (weir_aio_alloc(&slots_[i].aio, slot_cb,
				&slots_[i]) != WEIR_OK) {
				return false;
			}
		}
		return true;
	}

	void run()
	{
		for (uint64_t i = 0; i < items_ && ok_; i++) {
			slot &s = slots_[i % window_];

			slot_wait(s);
			ok_ = slot_submit(s, i % sample_every == 0
						 ? &samples_[i / sample_every]
						 : nullptr);
		}
		for (unsigned i = 0; i < window_; i++) {
			slot_wait(slots_[i]);
		}
	}

	bool ok() const
	{
		return ok_;
	}

	const std::vector<weir_time> &samples() const
	{
		return samples_;
	}

      private:
	std::unique_ptr<slot[]> slots_;
	unsigned window_;
	uint64_t items_;
	std::vector<weir_time> samples_;
	bool ok_ = true;
};

void
waits_report(benchmark::State &state, std::vector<weir_time> &all)
{
	std::sort(all.begin(), all.end());
	state.counters["p50_ns"] = double(all[all.size() / 2]);
	state.counters["p99_ns"] = double(all[all.size() * 99 / 100]);
	state.counters["max_ns"] = double(all.back());
}

uint64_t
wakes_now()
{
	weir_stats stats = {};

	stats.size = sizeof(stats);
	return weir_get_stats(&stats) == WEIR_OK ? stats.wakes : 0;
}

/* One iteration: all producers, from the first item to the last callback. */
bool
dispatch_once(benchmark::State &state, unsigned window, uint64_t items,
    std::vector<weir_time> &waits)
{
	std::vector<producer> producers;
	std::vector<std::thread> threads;
	bool ok = true;

	for (int64_t i = 0; i < state.range(0); i++) {
		producers.emplace_back(window, items);
		ok = producers.back().prepare() && ok;
	}
	weir_time begun = weir_now();
	for (auto &p : producers) {
		threads.emplace_back([&p] { p.run(); });
	}
	for (auto &t : threads) {
		t.join();
	}
	state.SetIterationTime(double(weir_now() - begun) / 1e9);
	for (auto &p : producers) {
		waits.insert(
		    waits.end(), p.samples().begin(), p.samples().end() - 1);
		ok = ok && p.ok();
	}
	return ok;
}

void
BM_dispatch(benchmark::State &state)
{
	auto window = unsigned(state.range(2));
	uint64_t items = window == 1 ? 50000 : 1000000;
	weir_params params = {};
	std::vector<weir_time> waits;

	params.size = sizeof(params);
	params.num_task_threads = int(state.range(1));
	if (weir_init(&params) != WEIR_OK) {
		state.SkipWithError("weir_init failed");
		return;
	}
	double cpu = process_cpu_ns();
	uint64_t wakes = wakes_now();
	for (auto _ : state) {
		if (!dispatch_once(state, window, items, waits)) {
			state.SkipWithError("an operation was refused");
			break;
		}
	}
	auto done =
	    double(state.iterations()) * double(items) * double(state.range(0));
	state.SetItemsProcessed(int64_t(done));
	state.counters["cpu_ns"] = (process_cpu_ns() - cpu) / done;
	state.counters["wakes"] = double(wakes_now() - wakes) * 1e3 / done;
	waits_report(state, waits);
	if (weir_fini() != WEIR_OK) {
		state.SkipWithError("weir_fini failed");
	}
}

void
floor_bench(benchmark::State &state, int64_t (*run)(const floor_shape *))
{
	floor_shape shape = {
	    unsigned(state.range(0)), unsigned(state.range(2)), 2000000};
	double cpu = process_cpu_ns();

	if (shape.window == 1) {
		shape.items = 50000;
	}
	for (auto _ : state) {
		int64_t ns = run(&shape);

		if (ns < 0) {
			state.SkipWithError("no thread or no memory");
			break;
		}
		state.SetIterationTime(double(ns) / 1e9);
	}
	auto done =
	    double(state.iterations()) * double(shape.items) * shape.producers;
	state.SetItemsProcessed(int64_t(done));
	state.counters["cpu_ns"] = (process_cpu_ns() - cpu) / done;
}

void
BM_dispatch_floor_mpsc(benchmark::State &state)
{
	floor_bench(state, floor_mpsc_run);
}

void
BM_dispatch_floor_mutex(benchmark::State &state)
{
	floor_bench(state, floor_mutex_run);
}

void
shapes_floor(benchmark::internal::Benchmark *b)
{
	b->ArgNames({"producers", "threads", "window"})
	    ->Args({1, 1, 1024})
	    ->Args({2, 1, 1024})
	    ->Args({1, 1, 1})
	    ->UseManualTime()
	    ->Iterations(3)
	    ->Unit(benchmark::kMillisecond);
}

void
shapes_weir(benchmark::internal::Benchmark *b)
{
	b->ArgNames({"producers", "threads", "window"})
	    ->Args({1, 1, 1024})
	    ->Args({1, 2, 1024})
	    ->Args({2, 1, 1024})
	    ->Args({2, 2, 1024})
	    ->Args({1, 1, 1})
	    ->UseManualTime()
	    ->Iterations(3)
	    ->Unit(benchmark::kMillisecond);
}

BENCHMARK(BM_dispatch_floor_mpsc)->Apply(shapes_floor);
BENCHMARK(BM_dispatch_floor_mutex)->Apply(shapes_floor);
BENCHMARK(BM_dispatch)->Apply(shapes_weir);

} // namespace
