using Amazon.SimpleSystemsManagement;
using Amazon.SimpleSystemsManagement.Model;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ssm;

/// <summary>Labels of parameters' versions: what a pipeline moves from one image to the next.</summary>
public sealed class LabelTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private AmazonSimpleSystemsManagementClient Ssm => server.Ssm();

    [Fact]
    public async Task A_label_stands_at_one_version_and_moves()
    {
        await Put("/l/app", "one");
        await Put("/l/app", "two");
        var put = await Label("/l/app", 1, "prod", "1st", "aws-x", "SSM", "a b", "Test-1.x_y");
        Assert.Equal(["1st", "SSM", "a b", "aws-x"], put.InvalidLabels.Order(StringComparer.Ordinal));
        Assert.Equal(1, put.ParameterVersion);
        var found = (await Ssm.GetParameterAsync(new() { Name = "/l/app:prod" }, Cancel)).Parameter;
        Assert.Equal(("one", ":prod", 1), (found.Value, found.Selector, found.Version));

        Assert.Equal(2, (await Label("/l/app", null, "prod")).ParameterVersion);
        Assert.Equal("two", await Value("/l/app:prod"));
        var history = (await Ssm.GetParameterHistoryAsync(new() { Name = "/l/app" }, Cancel)).Parameters;
        Assert.Equal(["Test-1.x_y"], history[0].Labels);
        Assert.Equal(["prod"], history[1].Labels);
        var several = await Ssm.GetParametersAsync(new() { Names = ["/l/app:prod", "/l/app:none"] }, Cancel);
        Assert.Equal("two", Assert.Single(several.Parameters).Value);
        Assert.Equal(["/l/app:none"], several.InvalidParameters);

        var gone = await Ssm.UnlabelParameterVersionAsync(
            new() { Name = "/l/app", ParameterVersion = 2, Labels = ["prod", "test"] }, Cancel);
        Assert.Equal(["prod"], gone.RemovedLabels);
        Assert.Equal(["test"], gone.InvalidLabels);
        var message = await SsmClients.Refused("ParameterVersionNotFound", () => Value("/l/app:prod"));
        Assert.Contains("could not find label prod for parameter /l/app", message, StringComparison.Ordinal);
        await SsmClients.Refused("ParameterVersionNotFound", () => Label("/l/app", 9, "x"));
        await SsmClients.Refused("ParameterNotFound", () => Label("/l/none", null, "x"));
        await SsmClients.Refused("ParameterVersionLabelLimitExceeded", () => Label(
            "/l/app", 1, "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"));
    }

    [Fact]
    public async Task Labels_are_searched_for_and_keep_the_oldest_version()
    {
        await Put("/k/a", "v");
        await Label("/k/a", null, "live");
        await Put("/k/b", "v");
        var live = await Ssm.GetParametersByPathAsync(new()
        {
            Path = "/k", ParameterFilters = [new() { Key = "Label", Values = ["live"] }],
        }, Cancel);
        Assert.Equal("/k/a", Assert.Single(live.Parameters).Name);
        foreach (var key in (string[])["DataType", "Name", "Tier"])
        {
            await SsmClients.Refused("InvalidFilterKey", () => Ssm.GetParametersByPathAsync(
                new() { Path = "/k", ParameterFilters = [new() { Key = key, Values = ["x"] }] }, Cancel));
        }
        for (var version = 2; version <= 100; version++)
            await Put("/k/a", $"{version}");
        await SsmClients.Refused("ParameterMaxVersionLimitExceeded", () => Put("/k/a", "101"));
        await Label("/k/a", 2, "live");
        Assert.Equal(101, (await Put("/k/a", "101")).Version);
    }

    [Fact]
    public async Task A_launch_takes_the_version_of_a_label()
    {
        var (first, _) = await server.NewImage("label-one");
        var (second, _) = await server.NewImage("label-two");
        foreach (var image in (string[])[first, second])
        {
            await Ssm.PutParameterAsync(new()
            {
                Name = "/i/golden", Value = image, Type = ParameterType.String, DataType = "aws:ec2:image",
                Overwrite = true,
            }, Cancel);
        }
        await Label("/i/golden", 1, "prod");
        Assert.Equal(first, (await server.Ec2().Running("resolve:ssm:/i/golden:prod")).ImageId);
        await Label("/i/golden", 2, "prod");
        Assert.Equal(second, (await server.Ec2().Running("resolve:ssm:/i/golden:prod")).ImageId);
    }

    private Task<LabelParameterVersionResponse> Label(string name, long? version, params string[] labels)
    {
        var request = new LabelParameterVersionRequest { Name = name, Labels = [.. labels] };
        if (version is { } number)
            request.ParameterVersion = number;
        return Ssm.LabelParameterVersionAsync(request, Cancel);
    }

    private Task<PutParameterResponse> Put(string name, string value) => Ssm.PutParameterAsync(
        new() { Name = name, Value = value, Type = ParameterType.String, Overwrite = true }, Cancel);

    private async Task<string> Value(string name) =>
        (await Ssm.GetParameterAsync(new() { Name = name }, Cancel)).Parameter.Value;
}
