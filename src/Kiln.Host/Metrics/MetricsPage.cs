using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using Kiln.Blocks.Metrics;
using Kiln.Service;
using Kiln.Service.Metrics;

namespace Kiln.Host.Metrics;

/// <summary><c>GET /metrics</c>: every instrument of this service as Prometheus reads it.</summary>
/// <remarks>
/// Unsigned, and so for this machine only unless the operator says otherwise; it bears no account, id or name of a
/// tenant. It follows the meters of its own service, not those of another one in the same process.
/// </remarks>
public sealed class MetricsPage : IDisposable
{
    private readonly ConcurrentDictionary<Instrument, MetricSeries> _series = new();
    private readonly MeterListener _listener = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly WorkGauges _work;
    private readonly ServiceOptions _options;

    /// <summary>Begins to listen; the gauges make their instruments by being made.</summary>
    public MetricsPage(
        IMeterFactory meters, WorkGauges work, StorageGauges storage, ProcessGauges process, BlockMetrics blocks,
        ServiceOptions options)
    {
        (_work, _options) = (work, options);
        foreach (var owner in (object[])[storage, process, blocks])
            ArgumentNullException.ThrowIfNull(owner);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters
                && instrument.Meter.Name is BlockMetrics.MeterName or ServiceMetrics.MeterName)
                listener.EnableMeasurementEvents(
                    instrument, _series.GetOrAdd(instrument, i => new MetricSeries(i)));
        };
        _listener.SetMeasurementEventCallback<long>((_, value, labels, state) => Record(state, value, labels));
        _listener.SetMeasurementEventCallback<int>((_, value, labels, state) => Record(state, value, labels));
        _listener.SetMeasurementEventCallback<double>((_, value, labels, state) => Record(state, value, labels));
        _listener.Start();
    }

    /// <summary>Every instrument: what Prometheus calls it, its type, unit and meaning.</summary>
    public IEnumerable<(string Name, string Type, string Unit, string Text)> Instruments => _series.Values
        .OrderBy(s => s.Name, StringComparer.Ordinal)
        .Select(s => (s.Name, s.Type, s.Instrument.Unit ?? "", s.Instrument.Description ?? ""));

    /// <summary>Answers a request for it.</summary>
    public async Task Answer(HttpContext http)
    {
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
        {
            await Say(http, StatusCodes.Status405MethodNotAllowed, "Metrics are read with GET.\n");
            return;
        }
        if (!_options.MetricsRemote && http.Connection.RemoteIpAddress is { } from && !IPAddress.IsLoopback(from)
            && !(from.IsIPv4MappedToIPv6 && IPAddress.IsLoopback(from.MapToIPv4())))
        {
            await Say(http, StatusCodes.Status403Forbidden,
                "Metrics are for this machine only: start Kiln with --metrics-remote to change that.\n");
            return;
        }
        var text = await Read(http.RequestAborted);
        http.Response.ContentType = PrometheusText.ContentType;
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), http.RequestAborted);
    }

    /// <summary>Asks every instrument now.</summary>
    public async Task<string> Read(CancellationToken cancel)
    {
        // One reader at a time: what is observed is collected before it is written.
        await _turn.WaitAsync(cancel);
        try
        {
            await _work.Refresh(cancel);
            foreach (var series in _series.Values)
                series.Clear();
            _listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (var series in _series.Values.OrderBy(s => s.Name, StringComparer.Ordinal))
                series.Write(text);
            return text.ToString();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        _turn.Dispose();
    }

    private static void Record(object? series, double value, ReadOnlySpan<KeyValuePair<string, object?>> labels) =>
        ((MetricSeries)series!).Record(value, labels);

    private static Task Say(HttpContext http, int status, string sentence)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain";
        return http.Response.WriteAsync(sentence, http.RequestAborted);
    }
}
