using System.Net;
using System.Text.RegularExpressions;
using Amazon.EC2.Model;
using Kiln.Host.Metrics;
using Kiln.Tests.Blocks.Nbd;
using Kiln.Tests.Ebs;
using Kiln.Tests.Ec2;
using Kiln.Tests.Fixtures;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Metrics;

/// <summary><c>/metrics</c> over HTTP: every line follows the format, and the values follow what was done.</summary>
public sealed partial class MetricsTests : IAsyncLifetime
{
    private const int Block = 524288;
    private const string East = "{region=\"us-east-1\"}";
    private const string West = "{region=\"eu-west-1\"}";
    private readonly TestServer _server = new();
    private readonly HttpClient _http = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Values_follow_what_was_done()
    {
        using var ebs = new EbsClient(_server);
        var before = await Scrape(_server);
        var first = await ebs.Make(Blocks(5));
        var uploaded = await Scrape(_server);
        await ebs.Make(Blocks(5));
        var again = await Scrape(_server);
        var west = _server.Ec2(region: "eu-west-1");
        var copy = (await west.CopySnapshotAsync(
            new CopySnapshotRequest { SourceRegion = "us-east-1", SourceSnapshotId = first }, Cancel)).SnapshotId;
        await west.SnapshotIs(copy, "completed");
        var copied = await Scrape(_server);

        Assert.Equal(0, before["kiln_store_put_bytes_total" + East]);
        Assert.Equal(5 * Block, uploaded["kiln_store_put_bytes_total" + East]);
        Assert.Equal(10 * Block, again["kiln_store_put_bytes_total" + East]);
        // Noise does not compress, so what is stored is a little more than what was given; the second time nothing.
        Assert.True(uploaded["kiln_store_stored_bytes_total" + East] > 5 * Block);
        Assert.Equal(
            uploaded["kiln_store_stored_bytes_total" + East], again["kiln_store_stored_bytes_total" + East]);
        Assert.Equal(6, again["kiln_store_dedup_hits_total" + East] - uploaded["kiln_store_dedup_hits_total" + East]);
        Assert.Equal(6, again["kiln_store_records" + East]);
        Assert.Equal(6, uploaded["kiln_store_put_duration_seconds_count" + East]);
        Assert.True(copied["kiln_copy_bytes_total" + West] > 5 * Block);
        Assert.Equal(6, copied["kiln_store_records" + West]);
        Assert.Equal(10, again["kiln_api_requests_total{code=\"ok\",operation=\"PutSnapshotBlock\",service=\"ebs\"}"]);
        Assert.Equal(
            10, again["kiln_api_request_duration_seconds_count{operation=\"PutSnapshotBlock\",service=\"ebs\"}"]);
        Assert.True(again["kiln_process_memory_bytes"] > 10e6 && again["kiln_disk_free_bytes"] > 0);
        Assert.True(again.Sum("kiln_work_rows") > 0);
    }

    [Fact]
    public async Task Refusals_are_counted_by_code_and_strangers_words_are_no_labels()
    {
        var ec2 = _server.Ec2();
        await Ec2Waits.Refused("InvalidSnapshot.NotFound", () => ec2.DeleteSnapshotAsync(
            new DeleteSnapshotRequest { SnapshotId = "snap-0123456789abcdef0" }, Cancel));
        using (var strange = await _http.PostAsync(
            new Uri(_server.Server.Url), new StringContent("Action=EvilAction"), Cancel))
            Assert.False(strange.IsSuccessStatusCode);
        await ec2.NewVolume();
        var (text, scrape) = await Text(_server);

        Assert.Equal(1, scrape[
            "kiln_api_requests_total{code=\"InvalidSnapshot.NotFound\",operation=\"DeleteSnapshot\",service=\"ec2\"}"]);
        Assert.DoesNotContain("EvilAction", text, StringComparison.Ordinal);
        Assert.DoesNotMatch(Secrets(), string.Join('\n', scrape.Values.Keys));
    }

    [Fact]
    public async Task What_a_guest_reads_and_writes_is_counted_when_it_has_its_reply()
    {
        var volume = await _server.Ec2().NewVolume();
        using var guest = new RawNbdClient(Path.Combine(_server.DataFolder, "nbd.sock"), volume);
        var read = new byte[8192];
        for (var i = 0; i < 3; i++)
            guest.Read(i * 8192, read);
        guest.Write(0, new byte[4096]);
        guest.Write(4096, new byte[4096]);
        Assert.Equal(0u, guest.Request(3, 0, 0));
        var scrape = await Scrape(_server);

        Assert.Equal(1, scrape["kiln_nbd_connections"]);
        Assert.Equal(3, scrape["kiln_nbd_requests_total{type=\"read\"}"]);
        Assert.Equal(2, scrape["kiln_nbd_requests_total{type=\"write\"}"]);
        Assert.Equal(1, scrape["kiln_nbd_requests_total{type=\"flush\"}"]);
        Assert.Equal(3 * 8192, scrape["kiln_nbd_bytes_total{direction=\"read\"}"]);
        Assert.Equal(2 * 4096, scrape["kiln_nbd_bytes_total{direction=\"write\"}"]);
        Assert.Equal(1, scrape.Sum("kiln_nbd_request_duration_seconds_count"));
        Assert.Equal(1, scrape["kiln_volume_flush_duration_seconds_count" + East]);
    }

    [Fact]
    public async Task Two_services_in_one_process_do_not_mix()
    {
        await using var other = new TestServer();
        await other.InitializeAsync();
        using var ebs = new EbsClient(_server);
        await ebs.Make(Blocks(2));

        Assert.Equal(2 * Block, (await Scrape(_server))["kiln_store_put_bytes_total" + East]);
        Assert.Equal(0, (await Scrape(other)).Sum("kiln_store_put_bytes_total"));
    }

    [Theory]
    [InlineData("127.0.0.1", false, 200)]
    [InlineData("::1", false, 200)]
    [InlineData("::ffff:127.0.0.1", false, 200)]
    [InlineData("10.1.2.3", false, 403)]
    [InlineData("::ffff:10.1.2.3", false, 403)]
    [InlineData("10.1.2.3", true, 200)]
    public async Task Other_machines_read_them_only_when_allowed(string from, bool allowed, int status)
    {
        _server.Server.Options.MetricsRemote = allowed;
        var http = new DefaultHttpContext { Response = { Body = new MemoryStream() } };
        http.Request.Method = "GET";
        http.Connection.RemoteIpAddress = IPAddress.Parse(from);

        await _server.Server.Services.GetRequiredService<MetricsPage>().Answer(http);

        Assert.Equal(status, http.Response.StatusCode);
    }

    [Fact]
    public async Task Only_reading_is_answered()
    {
        using var answer = await _http.PostAsync(
            new Uri(_server.Server.Url + "/metrics"), new StringContent(""), Cancel);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
    }

    private static Dictionary<int, byte[]> Blocks(int count) =>
        Enumerable.Range(0, count).ToDictionary(i => i, i => EbsClient.Block(i + 1));

    private async Task<Exposition> Scrape(TestServer server) => (await Text(server)).Scrape;

    private async Task<(string Text, Exposition Scrape)> Text(TestServer server)
    {
        using var answer = await _http.GetAsync(new Uri(server.Server.Url + "/metrics"), Cancel);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        return (text, Exposition.Parse(text));
    }

    [GeneratedRegex("[0-9]{12}|snap-|vol-|ami-|i-0|arn:|node-")]
    private static partial Regex Secrets();
}
