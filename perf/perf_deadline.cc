/*
 * perf_deadline - what deadlines cost: armed and not needed, and fired.
 *
 * Purpose    BM_deadline_cycle: start with a long timeout, finish, with many
 *            other deadlines pending; timeout 0 is the row without a deadline.
 *            BM_deadline_fire: many deadlines spread over one second, all of
 *            which fire.
 * Counters   cycle: cpu_ns, CPU time of the process per operation.
 *            fire: cpu_s, CPU time of the process from the first to the last
 *            deadline; late_p50_ms, late_p99_ms, late_max_ms of the callback
 *            behind the deadline; early, which must be 0; arm_ns, CPU time to
 *            start each.
 * Memory     a million pending operations need some 300 MB.
 */
#include <weir/provider.h>
#include <weir/weir.h>

#include <benchmark/benchmark.h>

#include <time.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace
{

constexpr unsigned rotation = 1024; /* handles that are cycled in turn */
constexpr weir_duration spread = 1000000000;

std::atomic<uint64_t> fired;

struct deadline {
	weir_aio *aio = nullptr;
	weir_time at = 0;
	weir_duration late = 0;
};

/* Nobody but the deadline ends these, so nothing needs a look-up. */
void
fire_cancel(weir_aio *aio, void *arg, weir_err why)
{
	(void)arg;
	weir_aio_finish(aio, why);
}

const weir_provider provider = {
    sizeof(weir_provider), "perf deadline", fire_cancel, nullptr};

void
fire_cb(void *arg)
{
	auto *d = static_cast<deadline *>(arg);

	d->late = weir_now() - d->at;
	/* Release: carries late to the acquire in fire_wait. */
	fired.fetch_add(1, std::memory_order_release);
}

double
process_cpu_s()
{
	timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return double(ts.tv_sec) + double(ts.tv_nsec) / 1e9;
}

bool
aio_start(weir_aio *aio, void *arg)
{
	return weir_aio_reset(aio) == WEIR_OK &&
	       weir_aio_start(aio, &provider, arg) == WEIR_OK;
}

/* Wait-only handles, each with an operation that has 60 to 120 s left. */
class crowd
{
      public:
	bool start(size_t n)
	{
		std::mt19937 rng(1);
		std::uniform_int_distribution<int64_t> ms(60000, 120000);

		aios_.reserve(n);
		for (size_t i = 0; i < n; i++) {
			weir_aio *aio;

			if (weir_aio_alloc(&aio, nullptr, nullptr) != WEIR_OK) {
				return false;
			}
			aios_.push_back(aio);
			if (weir_aio_set_timeout(aio, WEIR_MS(ms(rng))) !=
				WEIR_OK ||
			    !aio_start(aio, nullptr)) {
				return false;
			}
		}
		return true;
	}

	~crowd()
	{
		for (weir_aio *aio : aios_) {
			weir_aio_free(aio);
		}
	}

      private:
	std::vector<weir_aio *> aios_;
};

void
cycle_measure(benchmark::State &state)
{
	std::vector<weir_aio *> aios;
	crowd others;
	bool ok = others.start(size_t(state.range(0)));
	size_t at = 0;

	for (unsigned i = 0; ok && i < rotation; i++) {
		weir_aio *aio;

		ok = weir_aio_alloc(&aio, nullptr, nullptr) == WEIR_OK;
		if (ok) {
			aios.push_back(aio);
			ok = weir_aio_set_timeout(
				 aio, state.range(1) > 0
					  ? WEIR_SECONDS(state.range(1))
					  : WEIR_INFINITE) == WEIR_OK;
		}
	}
	double cpu = process_cpu_s();
	for (auto _ : state) {
		weir_aio *aio = aios[at++ % rotation];

		if (!ok || !aio_start(aio, nullptr) ||
		    !weir_aio_finish(aio, WEIR_OK)) {
			state.SkipWithError("an operation was refused");
			break;
		}
	}
	state.SetItemsProcessed(state.iterations());
	state.counters["cpu_ns"] =
	    (process_cpu_s() - cpu) * 1e9 / double(state.iterations());
	for (weir_aio *aio : aios) {
		weir_aio_free(aio);
	}
}

void
BM_deadline_cycle(benchmark::State &state)
{
	if (weir_init(nullptr) != WEIR_OK) {
		state.SkipWithError("weir_init failed");
		return;
	}
	cycle_measure(state);
	if (weir_fini() != WEIR_OK) {
		state.SkipWithError("weir_fini failed");
	}
}

/* What one reading of the clock costs: each deadline needs it. */
void
BM_deadline_floor_clock(benchmark::State &state)
{
	for (auto _ : state) {
		benchmark::DoNotOptimize(weir_now());
	}
}

void
fire_wait(uint64_t n)
{
	/* A look each 10 ms: the waiting must not show in the CPU time. */
	while (fired.load(std::memory_order_acquire) < n) {
		std::this_thread::sleep_for(std::chrono::milliseconds(10));
	}
}

/* Arm all; the first deadline lies `lead` after the beginning. */
bool
fire_arm(std::vector<deadline> &all, weir_time first)
{
	std::mt19937_64 rng(1);
	std::uniform_int_distribution<int64_t> when(0, spread);

	for (auto &d : all) {
		d.at = first + when(rng);
		if (weir_aio_set_expire(d.aio, d.at) != WEIR_OK ||
		    !aio_start(d.aio, &d)) {
			return false;
		}
	}
	return weir_now() < first;
}

void
fire_report(benchmark::State &state, std::vector<deadline> &all)
{
	std::vector<weir_duration> late;
	uint64_t early = 0;

	for (const auto &d : all) {
		late.push_back(d.late);
		early += d.late < 0;
	}
	std::sort(late.begin(), late.end());
	state.counters["late_p50_ms"] = double(late[late.size() / 2]) / 1e6;
	state.counters["late_p99_ms"] =
	    double(late[late.size() * 99 / 100]) / 1e6;
	state.counters["late_max_ms"] = double(late.back()) / 1e6;
	state.counters["early"] = double(early);
}

void
fire_measure(benchmark::State &state)
{
	std::vector<deadline> all(size_t(state.range(0)));
	/* Time to arm all of them before the first is due. */
	weir_duration lead = WEIR_MS(200) + state.range(0) * 1000;
	bool ok = true;

	for (auto &d : all) {
		ok = ok && weir_aio_alloc(&d.aio, fire_cb, &d) == WEIR_OK;
	}
	for (auto _ : state) {
		weir_time begun = weir_now();
		double cpu_arm = process_cpu_s();

		fired.store(0, std::memory_order_relaxed);
		if (!ok || !fire_arm(all, begun + lead)) {
			state.SkipWithError("could not arm all in time");
			break;
		}
		double cpu = process_cpu_s();
		fire_wait(all.size());
		state.SetIterationTime(double(weir_now() - begun - lead) / 1e9);
		state.counters["cpu_s"] = process_cpu_s() - cpu;
		state.counters["arm_ns"] =
		    (cpu - cpu_arm) * 1e9 / double(all.size());
		fire_report(state, all);
	}
	state.SetItemsProcessed(state.iterations() * state.range(0));
	for (auto &d : all) {
		weir_aio_free(d.aio);
	}
}

void
BM_deadline_fire(benchmark::State &state)
{
	if (weir_init(nullptr) != WEIR_OK) {
		state.SkipWithError("weir_init failed");
		return;
	}
	fire_measure(state);
	if (weir_fini() != WEIR_OK) {
		state.SkipWithError("weir_fini failed");
	}
}

BENCHMARK(BM_deadline_floor_clock);
BENCHMARK(BM_deadline_cycle)
    ->ArgNames({"pending", "timeout_s"})
    ->Args({0, 0})
    ->Args({0, 90})
    ->Args({100000, 90})
    ->Args({1000000, 90})
    ->Iterations(4000000) /* one preparation each */
    ->UseRealTime();
BENCHMARK(BM_deadline_fire)
    ->ArgNames({"deadlines"})
    ->Arg(1000)
    ->Arg(10000)
    ->Arg(1000000)
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

} // namespace
