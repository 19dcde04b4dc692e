using System.Diagnostics.Metrics;
using Kiln.Blocks.Metrics;

namespace Kiln.Service.Metrics;

/// <summary>The instruments of requests and of background work. Labels are words of ours only, never a
/// tenant's.</summary>
public sealed class ServiceMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Kiln.Service";

    /// <summary>What a label says where the truth would have no bound.</summary>
    public const string Other = "other";

    private readonly TimeProvider _clock;
    private readonly Counter<long> _requests;
    private readonly Histogram<double> _requestTime;
    private readonly Counter<long> _steps;
    private readonly Histogram<double> _stepTime;

    /// <summary>Makes the instruments.</summary>
    public ServiceMetrics(IMeterFactory meters, TimeProvider clock)
    {
        var meter = meters.Create(MeterName);
        _clock = clock;
        _requests = meter.CreateCounter<long>(
            "kiln.api.requests", "{request}", "Calls answered, by service, operation and error code (ok for none).");
        _requestTime = Durations.Of(meter, "kiln.api.request.duration", "From the whole request to the answer.");
        _steps = meter.CreateCounter<long>(
            "kiln.work.steps", "{step}", "Steps of background work, by kind and outcome: done, again or failed.");
        _stepTime = Durations.Of(meter, "kiln.work.step.duration", "A step of background work.");
    }

    /// <summary>Counts an answer.</summary>
    /// <param name="service">The service, or null where it is unknown.</param>
    /// <param name="operation">An operation of the table, or null where it is unknown.</param>
    /// <param name="code">The error code, or null for none.</param>
    /// <param name="since">Timestamp of the request.</param>
    public void Answered(string? service, string? operation, string? code, long since)
    {
        var (first, second) = (Label("service", service ?? Other), Label("operation", operation ?? Other));
        _requests.Add(1, first, second, Label("code", code ?? "ok"));
        _requestTime.Record(_clock.GetElapsedTime(since).TotalSeconds, first, second);
    }

    /// <summary>Counts a step.</summary>
    /// <param name="kind">A reconciler's kind, or null where none takes it.</param>
    /// <param name="outcome">done, again or failed.</param>
    /// <param name="since">Timestamp of its beginning.</param>
    public void Stepped(string? kind, string outcome, long since)
    {
        var label = Label("kind", kind ?? Other);
        _steps.Add(1, label, Label("outcome", outcome));
        _stepTime.Record(_clock.GetElapsedTime(since).TotalSeconds, label);
    }

    internal static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);
}
