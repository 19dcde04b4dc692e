using System.Globalization;
using System.Net.Mime;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Kiln.Service;
using Kiln.Service.Imds;
using Kiln.Service.Persistence;
using Kiln.Service.Work;

namespace Kiln.Host;

/// <summary>The pages below <c>/_kiln</c>: health and the certificate of instance identities for
/// everybody, and the clock in development.</summary>
public sealed partial class OwnPages(
    IServiceScopeFactory scopes, ServiceOptions options, DomainClock clock, WorkSignal signal,
    InstanceIdentity identity)
{
    private const int ClockBodyMax = 4096;

    /// <summary>The product's version.</summary>
    public static string Version { get; } =
        typeof(OwnPages).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];

    /// <summary>Answers a request below <c>/_kiln</c>.</summary>
    public Task Answer(HttpContext http) => (http.Request.Path.Value, http.Request.Method) switch
    {
        ("/_kiln/health", "GET" or "HEAD") => Health(http),
        ("/_kiln/instance-identity.pem", "GET") => ShowCertificate(http),
        ("/_kiln/clock", "GET") when options.Dev => ShowClock(http),
        ("/_kiln/clock", "POST") when options.Dev => MoveClock(http),
        ("/_kiln/clock", _) => Say(http, 403, "The clock can be moved in development only: start Kiln with --dev."),
        _ => Say(http, 404, "There is no such page. See /_kiln/health."),
    };

    /// <summary>A span such as <c>90d</c>, <c>36h</c>, <c>15m</c>, <c>30s</c> or <c>2w</c>.</summary>
    public static bool TryParseSpan(string? text, out TimeSpan span)
    {
        span = default;
        if (text is null || SpanPattern().Match(text.Trim()) is not { Success: true } match)
            return false;
        var number = long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        var unit = match.Groups[2].Value switch { "w" => 7 * 86400L, "d" => 86400, "h" => 3600, "m" => 60, _ => 1 };
        if (number * unit > ClockSetting.OffsetMax.TotalSeconds)
            return false;
        span = TimeSpan.FromSeconds(number * unit);
        return true;
    }

    [GeneratedRegex("^([0-9]{1,9})(w|d|h|m|s)$")]
    private static partial Regex SpanPattern();

    private async Task Health(HttpContext http)
    {
        var database = "ok";
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            if (!await scope.ServiceProvider.GetRequiredService<Db>().Database.CanConnectAsync(http.RequestAborted))
                database = "unreachable";
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            database = "unreachable";
        }
        var blocks = Directory.Exists(options.Data) ? "ok" : "missing";
        var healthy = database == "ok" && blocks == "ok";
        await WriteJson(http, healthy ? 200 : 503, new
        {
            status = healthy ? "ok" : "degraded",
            version = Version,
            stores = new
            {
                database = new { kind = options.Database.Length > 0 ? "postgresql" : "sqlite", status = database },
                blocks = new { kind = "files", status = blocks },
            },
            regions = options.RegionList,
            dev = options.Dev,
        });
    }

    private async Task ShowCertificate(HttpContext http)
    {
        http.Response.ContentType = "application/x-pem-file";
        await http.Response.WriteAsync(await identity.CertificatePem(http.RequestAborted), http.RequestAborted);
    }

    private Task ShowClock(HttpContext http) => WriteJson(http, 200, new
    {
        now = clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
        offsetSeconds = (long)clock.Offset.TotalSeconds,
    });

    private async Task MoveClock(HttpContext http)
    {
        var wanted = http.Request.Query["advance"].FirstOrDefault() ?? await AdvanceFromBody(http);
        if (!TryParseSpan(wanted, out var by))
        {
            await Say(
                http, 400, "Say how far: {\"advance\":\"90d\"}, with w, d, h, m or s, and up to 200 years in all.");
            return;
        }
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await ClockSetting.Advance(scope.ServiceProvider.GetRequiredService<Db>(), clock, by, http.RequestAborted);
        }
        catch (ArgumentOutOfRangeException)
        {
            await Say(http, 400, "The clock can be moved by 200 years in all.");
            return;
        }
        signal.Notify();
        await ShowClock(http);
    }

    private static async Task<string?> AdvanceFromBody(HttpContext http)
    {
        if (http.Request.ContentLength is > ClockBodyMax)
            return null;
        try
        {
            using var document =
                await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("advance", out var advance)
                && advance.ValueKind == JsonValueKind.String ? advance.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static Task Say(HttpContext http, int status, string sentence) =>
        WriteJson(http, status, new { message = sentence });

    private static async Task WriteJson<T>(HttpContext http, int status, T value)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = MediaTypeNames.Application.Json;
        await http.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(value), http.RequestAborted);
    }
}
