using Kiln.Cli.Connections;
using Kiln.Cli.Output;
using Kiln.Cli.Tours;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Cli;

public sealed class TourTests
{
    [Fact]
    public async Task The_tour_holds_what_it_says_and_fits_a_page()
    {
        await using var server = new TestServer();
        await server.InitializeAsync();
        var home = new Connection(new Uri(server.Server.Url), "us-east-1", TestServer.A, "test");
        using var output = new StringWriter();
        using var owner = new AwsClient(home);
        using var scene = new TourScene(
            new Screen(output, TextWriter.Null, terminal: false, color: false), owner,
            new AwsClient(home with { AccessKeyId = TestServer.B }), new AwsClient(home with { Region = "eu-west-1" }));

        await new Tour(scene, TestContext.Current.CancellationToken).With(TestServer.B).Play(null);

        var lines = output.ToString().Split('\n');
        Assert.All(lines, line => Assert.True(line.Length <= Screen.ColumnsMax, line));
        Assert.Contains(lines, line => line.StartsWith("9. Delete", StringComparison.Ordinal));
    }
}
