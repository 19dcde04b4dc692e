using System.Globalization;
using Kiln.Cli.Output;

namespace Kiln.Cli.Watching;

/// <summary>One picture of a service, of at most 30 lines of 80 columns, out of two scrapes.</summary>
public static class TopFrame
{
    /// <summary>Lines of a picture at most: a common terminal has some more.</summary>
    public const int LinesMax = 30;

    /// <summary>Columns of a picture at most: every terminal has as many.</summary>
    public const int ColumnsMax = 80;

    // What is below a table still has to be seen.
    private const int RegionsMax = 5;
    private const int ServicesMax = 4;
    private const int BarWidth = 40;

    private static readonly string[] Stages =
        ["idle", "roots", "mark", "sweep maps", "sweep files", "compact", "purge"];

    private static readonly string[] Phases = ["idle", "reading", "maps"];

    /// <summary>Draws it. Rates are those between the two; without an earlier one they are 0.</summary>
    public static IReadOnlyList<TopLine> Draw(MetricSample now, MetricSample? earlier, string title)
    {
        var lines = new List<TopLine>();
        Process(lines, now, earlier, title);
        Calls(lines, now, earlier);
        var regions = now.Values("kiln_store_records", "region")
            .OrderByDescending(r => now.Rate(earlier, "kiln_store_put_bytes_total", "region", r)
                + now.Rate(earlier, "kiln_store_read_bytes_total", "region", r))
            .ThenByDescending(r => now.Sum("kiln_store_segment_bytes", "region", r)).ToList();
        Blocks(lines, now, earlier, regions);
        Upkeep(lines, now, regions);
        Guests(lines, now, earlier);
        Transfers(lines, now);
        return [.. lines.Take(LinesMax).Select(l => l.Text.Length <= ColumnsMax
            ? l : l with { Text = l.Text[..ColumnsMax] })];
    }

    private static void Process(List<TopLine> lines, MetricSample now, MetricSample? earlier, string title)
    {
        lines.Add(new(title, TopStyle.Heading));
        lines.Add(new(string.Create(CultureInfo.InvariantCulture,
            $"up {Sizes.Time(TimeSpan.FromSeconds(now.Sum("kiln_process_uptime_seconds")))}   "
            + $"memory {Sizes.Bytes(now.Sum("kiln_process_memory_bytes"))}   "
            + $"cpu {now.Rate(earlier, "kiln_process_cpu_seconds_total") * 100:0} %   "
            + $"disk {Sizes.Bytes(now.Sum("kiln_disk_free_bytes"))} free of "
            + $"{Sizes.Bytes(now.Sum("kiln_disk_size_bytes"))}")));
        var late = now.Sum("kiln_work_late_seconds");
        lines.Add(new(string.Create(CultureInfo.InvariantCulture,
            $"work: {now.Sum("kiln_work_rows")} rows, {now.Sum("kiln_work_rows", "state", "running")} running, "
            + $"{now.Sum("kiln_work_rows", "state", "due")} due (oldest {late:0.0} s), "
            + $"{now.Rate(earlier, "kiln_work_steps_total"):0.0} steps/s, "
            + $"{now.Rate(earlier, "kiln_work_steps_total", "outcome", "failed"):0.0} failed/s"),
            late > 60 ? TopStyle.Alarm : TopStyle.Plain));
    }

    private static void Calls(List<TopLine> lines, MetricSample now, MetricSample? earlier)
    {
        lines.Add(new(""));
        lines.Add(new($"{"API",-16}{"calls/s",10}{"refused/s",11}{"p50",10}{"p99",10}{"calls",12}", TopStyle.Heading));
        const string Requests = "kiln_api_requests_total";
        foreach (var service in now.Values(Requests, "service").OrderByDescending(s => now.Sum(Requests, "service", s))
            .Take(ServicesMax))
        {
            var calls = now.Rate(earlier, Requests, "service", service);
            var failed = Failed(now, service) - (earlier is null ? Failed(now, service) : Failed(earlier, service));
            var span = earlier is null ? 1 : Math.Max(0.001, now.Seconds - earlier.Seconds);
            lines.Add(new(string.Create(CultureInfo.InvariantCulture,
                $"{service,-16}{calls,10:0.0}{failed / span,11:0.0}"
                + $"{Latency(now, earlier, "kiln_api_request_duration_seconds", 0.5, "service", service),10}"
                + $"{Latency(now, earlier, "kiln_api_request_duration_seconds", 0.99, "service", service),10}"
                + $"{now.Sum(Requests, "service", service),12}")));
        }
    }

    private static double Failed(MetricSample sample, string service) => sample.Lines("kiln_api_requests_total")
        .Where(l => l.Labels.GetValueOrDefault("service") == service && l.Labels.GetValueOrDefault("code") != "ok")
        .Sum(l => l.Value);

    private static void Blocks(
        List<TopLine> lines, MetricSample now, MetricSample? earlier, IReadOnlyList<string> regions)
    {
        lines.Add(new(""));
        lines.Add(new(
            $"{"REGION",-15}{"in/s",10}{"read/s",10}{"copied/s",10}{"put p99",9}{"pull p99",9}"
            + $"{"cache",6}{"dedup",6}{"zip",5}", TopStyle.Heading));
        foreach (var region in regions.Take(RegionsMax))
        {
            string Rate(string name) => Sizes.Bytes(now.Rate(earlier, name, "region", region));
            double Of(string name) => now.Sum(name, "region", region);
            var asked = Of("kiln_cache_hits_total") + Of("kiln_cache_pulls_total");
            lines.Add(new(
                $"{region,-15}{Rate("kiln_store_put_bytes_total"),10}{Rate("kiln_store_read_bytes_total"),10}"
                + $"{Rate("kiln_copy_bytes_total"),10}"
                + $"{Latency(now, earlier, "kiln_store_put_duration_seconds", 0.99, "region", region),9}"
                + $"{Latency(now, earlier, "kiln_store_pull_duration_seconds", 0.99, "region", region),9}"
                + $"{Percent(Of("kiln_cache_hits_total"), asked),6}"
                + $"{Percent(Of("kiln_store_dedup_hits_total"), Of("kiln_store_puts_total")),6}"
                + $"{Percent(Of("kiln_store_stored_bytes_total"), Of("kiln_store_packed_bytes_total")),5}"));
        }
        if (regions.Count > RegionsMax)
            lines.Add(new($"and {regions.Count - RegionsMax} more Regions"));
        if (regions.Count == 0)
            lines.Add(new("no Region has a store yet"));
    }

    private static void Upkeep(List<TopLine> lines, MetricSample now, IReadOnlyList<string> regions)
    {
        lines.Add(new(""));
        lines.Add(new(
            $"{"REGION",-15}{"on disk",10}{"trash",10}  {"collection",-13}{"scrub",-13}{"damaged",8}{"ALARMS",8}",
            TopStyle.Heading));
        foreach (var region in regions.Take(RegionsMax))
        {
            double Of(string name) => now.Sum(name, "region", region);
            var stage = Word(Stages, Of("kiln_collection_stage"));
            var scrub = Word(Phases, Of("kiln_scrub_phase"));
            if (scrub == "idle")
                scrub = Of("kiln_scrub_never") > 0 ? "not yet" : Ago(now, "kiln_scrub_age_seconds", region);
            else
                scrub += " " + Percent(Of("kiln_scrub_read_bytes"), Of("kiln_scrub_size_bytes"));
            var (damaged, alarms) = (Of("kiln_store_quarantined"), Of("kiln_trash_alarms_total"));
            lines.Add(new(
                $"{region,-15}{Sizes.Bytes(Of("kiln_store_segment_bytes")),10}"
                + $"{Sizes.Bytes(Of("kiln_trash_bytes")),10}  "
                + $"{(stage == "idle" ? Ago(now, "kiln_collection_age_seconds", region) : stage),-13}{scrub,-13}"
                + $"{damaged,8}{alarms,8}", damaged + alarms > 0 ? TopStyle.Alarm : TopStyle.Plain));
        }
    }

    private static void Guests(List<TopLine> lines, MetricSample now, MetricSample? earlier)
    {
        if (!now.Has("kiln_nbd_connections"))
            return;
        lines.Add(new(""));
        lines.Add(new(string.Create(CultureInfo.InvariantCulture,
            $"guests: {now.Sum("kiln_nbd_connections")} connections, "
            + $"{now.Rate(earlier, "kiln_nbd_requests_total"):0} requests/s, "
            + $"p50 {Latency(now, earlier, "kiln_nbd_request_duration_seconds", 0.5)}, "
            + $"p99 {Latency(now, earlier, "kiln_nbd_request_duration_seconds", 0.99)}")));
        lines.Add(new(
            $"        {Sizes.Bytes(now.Rate(earlier, "kiln_nbd_bytes_total", "direction", "read"))}/s read, "
            + $"{Sizes.Bytes(now.Rate(earlier, "kiln_nbd_bytes_total", "direction", "write"))}/s written"));
    }

    private static void Transfers(List<TopLine> lines, MetricSample now)
    {
        lines.Add(new(string.Create(
            CultureInfo.InvariantCulture, $"{now.Sum("kiln_transfers")} uploads and copies under way, "
            + $"{now.Sum("kiln_load_traces") + now.Sum("kiln_load_hydrations")} volumes loading ahead"),
            TopStyle.Heading));
        foreach (var slot in now.Values("kiln_transfer_done_ratio", "slot"))
        {
            var done = Math.Clamp(now.Sum("kiln_transfer_done_ratio", "slot", slot), 0, 1);
            var filled = (int)(done * BarWidth);
            lines.Add(new(string.Create(CultureInfo.InvariantCulture,
                $"  {new string('#', filled)}{new string('-', BarWidth - filled)} {done * 100,3:0} %  of "
                + $"{Sizes.Bytes(now.Sum("kiln_transfer_size_bytes", "slot", slot))}")));
        }
    }

    private static string Ago(MetricSample now, string name, string region) => now.Has(name, "region", region)
        ? Sizes.Time(TimeSpan.FromSeconds(Math.Max(0, now.Sum(name, "region", region)))) + " ago" : "not yet";

    private static string Word(string[] words, double number) =>
        number >= 0 && number < words.Length ? words[(int)number] : "?";

    private static string Percent(double part, double whole) => whole <= 0 ? "-"
        : part > whole * 9.99 ? ">999%"
        : string.Create(CultureInfo.InvariantCulture, $"{part * 100 / whole:0}%");

    private static string Latency(
        MetricSample now, MetricSample? earlier, string name, double quantile, string? label = null,
        string? value = null)
    {
        if (now.Quantile(earlier, name, quantile, label, value) is not { } seconds)
            return "-";
        var (number, unit) = seconds < 1e-3 ? (seconds * 1e6, "us")
            : seconds < 1 ? (seconds * 1e3, "ms") : (seconds, "s");
        return string.Create(CultureInfo.InvariantCulture, $"{number:G3} {unit}");
    }
}
