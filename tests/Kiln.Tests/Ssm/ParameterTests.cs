using Amazon.SimpleSystemsManagement;
using Amazon.SimpleSystemsManagement.Model;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ssm;

public sealed class ParameterTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private AmazonSimpleSystemsManagementClient Ssm => server.Ssm();

    [Fact]
    public async Task Versions_are_counted_kept_and_addressed()
    {
        Assert.Equal(1, (await Put("/a/versions", "one")).Version);
        await SsmClients.Refused("ParameterAlreadyExists", () => Put("/a/versions", "two"));
        Assert.Equal(2, (await Put("/a/versions", "two", overwrite: true)).Version);

        Assert.Equal("two", await Value("/a/versions"));
        Assert.Equal("one", await Value("/a/versions:1"));
        var found = (await Ssm.GetParameterAsync(new() { Name = "/a/versions:2" }, Cancel)).Parameter;
        Assert.Equal((":2", 2, "arn:aws:ssm:us-east-1:111111111111:parameter/a/versions"),
            (found.Selector, found.Version, found.ARN));
        Assert.Equal("two", await Value(found.ARN));
        await SsmClients.Refused("ParameterVersionNotFound", () => Value("/a/versions:3"));
        await SsmClients.Refused("ParameterNotFound", () => Value("/a/none"));
        await SsmClients.Refused("ParameterNotFound", async () =>
            await server.Ssm(TestServer.B).GetParameterAsync(new() { Name = "/a/versions" }, Cancel));

        var history = await Ssm.GetParameterHistoryAsync(
            new() { Name = "/a/versions", MaxResults = 1 }, Cancel);
        Assert.Equal("one", Assert.Single(history.Parameters).Value);
        history = await Ssm.GetParameterHistoryAsync(
            new() { Name = "/a/versions", NextToken = history.NextToken }, Cancel);
        Assert.Equal("two", Assert.Single(history.Parameters).Value);
        Assert.Null(history.NextToken);
    }

    [Fact]
    public async Task A_hundred_versions_are_kept()
    {
        for (var i = 1; i <= 103; i++)
            await Put("many", $"{i}", overwrite: true);
        await SsmClients.Refused("ParameterVersionNotFound", () => Value("many:3"));
        Assert.Equal("4", await Value("many:4"));
        Assert.Equal("103", await Value("many"));
    }

    [Fact]
    public async Task Paths_are_walked_and_filtered()
    {
        foreach (var name in (string[])["/p/a", "/p/b", "/p/q/c", "/px/d"])
            await Put(name, name);

        async Task<string[]> Below(string path, bool recursive) => [.. (await Ssm.GetParametersByPathAsync(
            new() { Path = path, Recursive = recursive }, Cancel)).Parameters.Select(p => p.Name).Order()];
        Assert.Equal(["/p/a", "/p/b"], await Below("/p", false));
        Assert.Equal(["/p/a", "/p/b", "/p/q/c"], await Below("/p/", true));
        var page = await Ssm.GetParametersByPathAsync(new() { Path = "/p", Recursive = true, MaxResults = 2 }, Cancel);
        Assert.Equal(2, page.Parameters.Count);
        page = await Ssm.GetParametersByPathAsync(
            new() { Path = "/p", Recursive = true, NextToken = page.NextToken }, Cancel);
        Assert.Equal("/p/q/c", Assert.Single(page.Parameters).Name);

        var described = await Ssm.DescribeParametersAsync(new()
        {
            ParameterFilters = [new() { Key = "Name", Option = "BeginsWith", Values = ["/p/"] }],
        }, Cancel);
        Assert.Equal(3, described.Parameters.Count);
        await SsmClients.Refused("InvalidFilterKey", () => Ssm.DescribeParametersAsync(
            new() { ParameterFilters = [new() { Key = "Label", Values = ["x"] }] }, Cancel));

        var several = await Ssm.GetParametersAsync(new() { Names = ["/p/a", "/p/none", "/p/b:9"] }, Cancel);
        Assert.Equal("/p/a", Assert.Single(several.Parameters).Name);
        Assert.Equal(["/p/none", "/p/b:9"], several.InvalidParameters);
        var gone = await Ssm.DeleteParametersAsync(new() { Names = ["/px/d", "/px/e"] }, Cancel);
        Assert.Equal(["/px/d"], gone.DeletedParameters);
        Assert.Equal(["/px/e"], gone.InvalidParameters);
        await Ssm.DeleteParameterAsync(new() { Name = "/p/q/c" }, Cancel);
        await SsmClients.Refused("ParameterNotFound", () => Value("/p/q/c"));
    }

    [Fact]
    public async Task A_secure_string_is_kept_under_a_key()
    {
        await Ssm.PutParameterAsync(new()
        {
            Name = "/s/secret", Value = "hush", Type = ParameterType.SecureString,
        }, Cancel);
        Assert.NotEqual("hush", await Value("/s/secret"));
        Assert.Equal("hush", (await Ssm.GetParameterAsync(
            new() { Name = "/s/secret", WithDecryption = true }, Cancel)).Parameter.Value);
        var described = await Ssm.DescribeParametersAsync(
            new() { ParameterFilters = [new() { Key = "KeyId", Values = ["alias/aws/ssm"] }] }, Cancel);
        Assert.Equal("/s/secret", Assert.Single(described.Parameters).Name);

        // Somebody who may read parameters, but is kept from the key.
        var role = await server.Role(TestServer.A, "reader", """
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ssm:*","Resource":"*"},
            {"Effect":"Deny","Action":"kms:Decrypt","Resource":"*"}]}
            """);
        var reader = server.Ssm(keys: await server.Assume(role));
        await reader.GetParameterAsync(new() { Name = "/s/secret" }, Cancel);
        await SsmClients.Refused("AccessDeniedException", () =>
            reader.GetParameterAsync(new() { Name = "/s/secret", WithDecryption = true }, Cancel));
        await SsmClients.Refused("InvalidKeyId", () => Ssm.PutParameterAsync(new()
        {
            Name = "/s/other", Value = "x", Type = ParameterType.SecureString, KeyId = "alias/none",
        }, Cancel));
    }

    [Fact]
    public async Task Values_names_and_types_are_checked()
    {
        await SsmClients.Refused("ValidationException", () => Put("aws-thing", "x"));
        await SsmClients.Refused("ValidationException", () => Put("/SSM/thing", "x"));
        await SsmClients.Refused("AccessDeniedException", () => Put("/aws/service/mine", "x"));
        await SsmClients.Refused("ValidationException", () => Put("/v/nested", "a {{ssm:/b}} c"));
        await SsmClients.Refused("ValidationException", () => Put("a/b", "x"));
        await SsmClients.Refused("ValidationException", () => Put("/v/long", new string('x', 4097)));
        await SsmClients.Refused("AccessDeniedException", () => Put("/kiln/images/mine", "x"));
        await SsmClients.Refused("HierarchyLevelLimitExceededException", () =>
            Put(string.Concat(Enumerable.Repeat("/l", 16)), "x"));
        await SsmClients.Refused("ValidationException", () =>
            Ssm.PutParameterAsync(new() { Name = "/v/untyped", Value = "x" }, Cancel));
        await SsmClients.Refused("ParameterPatternMismatchException", () => Ssm.PutParameterAsync(new()
        {
            Name = "/v/pattern", Value = "abc", Type = ParameterType.String, AllowedPattern = "^[0-9]+$",
        }, Cancel));
        await Put("/v/type", "x");
        await SsmClients.Refused("HierarchyTypeMismatchException", () => Ssm.PutParameterAsync(new()
        {
            Name = "/v/type", Value = "x", Type = ParameterType.StringList, Overwrite = true,
        }, Cancel));
    }

    [Fact]
    public async Task Tags_stay_with_a_parameter_and_find_it()
    {
        async Task<string> Shown(string id) => string.Join(' ', ((await Ssm.ListTagsForResourceAsync(
            new() { ResourceType = ResourceTypeForTagging.Parameter, ResourceId = id }, Cancel)).TagList ?? [])
            .Select(t => $"{t.Key}={t.Value}"));
        Task Tag(string id, params string[] keys) => Ssm.AddTagsToResourceAsync(new()
        {
            ResourceType = ResourceTypeForTagging.Parameter, ResourceId = id,
            Tags = [.. keys.Select(k => new Amazon.SimpleSystemsManagement.Model.Tag { Key = k, Value = "new" })],
        }, Cancel);
        await Ssm.PutParameterAsync(new()
        {
            Name = "/t/one", Value = "x", Type = ParameterType.String, Tags = [new() { Key = "team", Value = "os" }],
        }, Cancel);
        await Put("/t/two", "x");

        await Put("/t/one", "y", overwrite: true);
        Assert.Equal("team=os", await Shown("/t/one"));
        await Tag($"arn:aws:ssm:us-east-1:{TestServer.A}:parameter/t/one", "size", "team");
        Assert.Equal("size=new team=new", await Shown("/t/one"));
        Assert.Equal("", await Shown("/t/two"));
        var found = await Ssm.DescribeParametersAsync(new()
        {
            ParameterFilters = [new() { Key = "tag:team", Values = ["new"] }],
        }, Cancel);
        Assert.Equal("/t/one", Assert.Single(found.Parameters).Name);
        await Ssm.RemoveTagsFromResourceAsync(new()
        {
            ResourceType = ResourceTypeForTagging.Parameter, ResourceId = "/t/one", TagKeys = ["team", "none"],
        }, Cancel);
        Assert.Equal("size=new", await Shown("/t/one"));

        await SsmClients.Refused("InvalidResourceId", () => Shown("/t/three"));
        await SsmClients.Refused("InvalidResourceType", () => Ssm.ListTagsForResourceAsync(
            new() { ResourceType = ResourceTypeForTagging.Document, ResourceId = "AWS-RunShellScript" }, Cancel));
        await SsmClients.Refused("ValidationException", () => Tag("/t/one", "aws:own"));
        await SsmClients.Refused("TooManyTagsError",
            () => Tag("/t/one", [.. Enumerable.Range(0, 50).Select(n => $"k{n}")]));
        var message = await SsmClients.Refused("ValidationException", () => Ssm.PutParameterAsync(new()
        {
            Name = "/t/one", Value = "z", Overwrite = true, Tags = [new() { Key = "a", Value = "b" }],
        }, Cancel));
        Assert.Contains("tags and overwrite can't be used together", message, StringComparison.Ordinal);
        using var writer = server.Ssm(keys: await server.Assume(
            await server.Role(TestServer.A, "untagging", Principals.Allow("ssm:PutParameter"))));
        await SsmClients.Refused("AccessDeniedException", () => writer.PutParameterAsync(new()
        {
            Name = "/t/four", Value = "x", Type = ParameterType.String, Tags = [new() { Key = "a", Value = "b" }],
        }, Cancel));
    }

    [Fact]
    public async Task A_launch_takes_its_image_from_a_parameter()
    {
        var (image, _) = await server.NewImage("for-parameter");
        await SsmClients.Refused("ValidationException", () => PutImage("/i/wrong", "ami-0123456789abcdef0"));
        await PutImage("/i/image", image);

        Assert.Equal(image, (await server.Ec2().Running("resolve:ssm:/i/image")).ImageId);
        Assert.Equal(image, (await server.Ec2().Running("resolve:ssm:/i/image:1")).ImageId);
        await SsmClients.Refused("InvalidParameterValue", () => server.Ec2().Launch("resolve:ssm:/i/image:2"));
        await Put("/i/text", "no image");
        await SsmClients.Refused("InvalidParameterValue", () => server.Ec2().Launch("resolve:ssm:/i/text"));
        var role = await server.Role(TestServer.A, "launcher", Principals.Allow("ec2:*"));
        await SsmClients.Refused("UnauthorizedOperation", async () =>
            await server.Ec2(await server.Assume(role)).Launch("resolve:ssm:/i/image"));
    }

    private Task<PutParameterResponse> PutImage(string name, string image) => Ssm.PutParameterAsync(new()
    {
        Name = name, Value = image, Type = ParameterType.String, DataType = "aws:ec2:image",
    }, Cancel);

    private Task<PutParameterResponse> Put(string name, string value, bool overwrite = false) => Ssm.PutParameterAsync(
        new() { Name = name, Value = value, Type = ParameterType.String, Overwrite = overwrite }, Cancel);

    private async Task<string> Value(string name) =>
        (await Ssm.GetParameterAsync(new() { Name = name }, Cancel)).Parameter.Value;
}
