using Kiln.Cli.Watching;
using Kiln.Tests.Ebs;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Cli;

public sealed class TopTests
{
    [Fact]
    public async Task One_picture_of_a_real_service_goes_down_a_pipe()
    {
        await using var server = new TestServer();
        await server.InitializeAsync();
        using var ebs = new EbsClient(server);
        await ebs.Make(Enumerable.Range(0, 3).ToDictionary(i => i, i => EbsClient.Block(i + 1)));

        var (code, output) = await CliRun.Of(server, "top", "--once", "--interval", "0.2");

        Assert.Equal(0, code);
        var lines = output.TrimEnd('\n').Split('\n');
        Assert.True(lines.Length <= TopFrame.LinesMax && lines.All(l => l.Length <= TopFrame.ColumnsMax), output);
        Assert.Contains(lines, l => l.StartsWith("ebs ", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("us-east-1 ", StringComparison.Ordinal));
        Assert.Contains("not yet", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', output);
    }

    [Fact]
    public void A_busy_service_with_every_Region_still_fits_and_alarms_stand_out()
    {
        var text = "kiln_process_uptime_seconds 1e6\nkiln_transfers 40\nkiln_work_late_seconds 100\n";
        for (var i = 0; i < 17; i++)
        {
            var region = $"{{region=\"ap-southeast-{i}\"}}";
            text += $"kiln_store_records{region} 1\nkiln_store_segment_bytes{region} 1e15\n"
                + $"kiln_trash_alarms_total{region} {(i == 0 ? 7 : 0)}\nkiln_collection_stage{region} 3\n"
                + $"kiln_scrub_phase{region} 1\nkiln_store_put_bytes_total{region} {1000 - i}e12\n";
        }
        for (var i = 1; i <= 8; i++)
            text += $"kiln_transfer_done_ratio{{slot=\"{i}\"}} 0.{i}\nkiln_transfer_size_bytes{{slot=\"{i}\"}} 17e12\n";
        for (var i = 0; i < 9; i++)
            text += $"kiln_api_requests_total{{code=\"ok\",operation=\"X\",service=\"autoscaling{i}\"}} 123456789012\n";

        var lines = TopFrame.Draw(MetricSample.Parse(text, 10), MetricSample.Parse("", 9), new string('x', 200));

        Assert.True(lines.Count <= TopFrame.LinesMax, $"{lines.Count} lines");
        Assert.All(lines, l => Assert.True(l.Text.Length <= TopFrame.ColumnsMax, l.Text));
        Assert.Contains(lines, l => l.Style == TopStyle.Alarm
            && l.Text.StartsWith("ap-southeast-0 ", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Text == "and 12 more Regions");
    }

    [Fact]
    public void Quantiles_are_those_of_the_time_between_two_scrapes()
    {
        MetricSample At(double seconds, int fast, int slow) => MetricSample.Parse(
            $"t_bucket{{le=\"0.001\"}} {fast}\nt_bucket{{le=\"0.01\"}} {fast + slow}\n"
            + $"t_bucket{{le=\"+Inf\"}} {fast + slow}\nn_total {fast}\n", seconds);
        var (earlier, now) = (At(10, 1000, 0), At(12, 1010, 30));

        Assert.Equal(0.001 * 0.5 / (1010.0 / 1040), now.Quantile(null, "t", 0.5)!.Value, 9);
        Assert.Equal(0.001 + (0.009 / 3), now.Quantile(earlier, "t", 0.5)!.Value, 9);
        Assert.Equal(5, now.Rate(earlier, "n_total"));
        Assert.Null(now.Quantile(now, "t", 0.5));
        Assert.Equal(0, earlier.Rate(now, "n_total"));
        foreach (var bad in (string[])["a", "a{b} 1", "a{b=\"c} 1", "1a 2", "a{b=\"c\",b=\"d\"} 1", "a b"])
            Assert.Throws<FormatException>(() => MetricSample.Parse(bad, 0));
    }
}
