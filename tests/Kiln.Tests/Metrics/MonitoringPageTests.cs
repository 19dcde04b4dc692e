using System.Text;
using Kiln.Host.Metrics;
using Kiln.Tests.Architecture;
using Kiln.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Metrics;

/// <summary>The table of docs/operating/monitoring.md is what the instruments say of themselves.</summary>
public sealed class MonitoringPageTests
{
    private const string Page = "docs/operating/monitoring.md";
    private const string Begin = "<!-- instruments: written by MonitoringPageTests -->\n";
    private const string End = "<!-- end of instruments -->\n";

    [Fact]
    public async Task Page_lists_every_instrument()
    {
        await using var server = new TestServer();
        await server.InitializeAsync();
        var instruments = server.Server.Services.GetRequiredService<MetricsPage>().Instruments.ToList();
        var table = new StringBuilder("| metric | type | unit | meaning |\n|---|---|---|---|\n");
        foreach (var (name, type, unit, text) in instruments)
            table.Append($"| `{name}` | {type} | {Unit(unit)} | {text} |\n");
        var page = Tree.Text(Page);
        var (from, to) = (page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length,
            page.IndexOf(End, StringComparison.Ordinal));
        var fresh = page[..from] + table + page[to..];

        if (Environment.GetEnvironmentVariable("KILN_UPDATE_DOCS") == "1")
            await File.WriteAllTextAsync(
                Path.Combine(Tree.Root, Page), fresh, TestContext.Current.CancellationToken);
        else
            Assert.True(page == fresh, $"{Page} is stale: KILN_UPDATE_DOCS=1 ./test.sh -namespace Kiln.Tests.Metrics");
        Assert.True(instruments.Count > 40, $"{instruments.Count} instruments");
        Assert.All(instruments, i => Assert.True(i.Text.EndsWith('.'), i.Name));
    }

    private static string Unit(string unit) => unit switch
    {
        "By" => "bytes", "s" => "seconds", "1" => "1", "{pass}" => "passes",
        _ => unit.Trim('{', '}') + "s",
    };
}
