using System.Diagnostics.Metrics;
using static Kiln.Service.Metrics.ServiceMetrics;

namespace Kiln.Service.Metrics;

/// <summary>The process itself: memory, CPU, age.</summary>
public sealed class ProcessGauges
{
    /// <summary>Makes the instruments.</summary>
    public ProcessGauges(IMeterFactory meters, TimeProvider clock)
    {
        var meter = meters.Create(MeterName);
        var began = clock.GetTimestamp();
        meter.CreateObservableGauge(
            "kiln.process.memory.bytes", () => Environment.WorkingSet, "By", "Resident memory.");
        meter.CreateObservableGauge(
            "kiln.process.heap.bytes", () => GC.GetTotalMemory(false), "By", "Memory of managed objects.");
        meter.CreateObservableCounter(
            "kiln.process.cpu", () => Environment.CpuUsage.TotalTime.TotalSeconds, "s", "CPU time used.");
        meter.CreateObservableGauge(
            "kiln.process.uptime", () => clock.GetElapsedTime(began).TotalSeconds, "s", "Since the start.");
        meter.CreateObservableGauge(
            "kiln.process.threads", () => ThreadPool.ThreadCount, "{thread}", "Threads of the pool.");
    }
}
