using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Imds;

public sealed class MetadataTokenTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Ttl = "X-aws-ec2-metadata-token-ttl-seconds";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_holds_between_a_second_and_six_hours()
    {
        using var guest = await NewGuest("seconds");
        foreach (var seconds in new[] { "1", "21600" })
            Assert.Equal(200, (await guest.Send(HttpMethod.Put, "/latest/api/token", (Ttl, seconds))).Status);
        foreach (var seconds in new[] { "", "0", "21601", "-1", "1.5", "ten", "99999999999999999999" })
            Assert.Equal(400, (await guest.Send(HttpMethod.Put, "/latest/api/token", (Ttl, seconds))).Status);
        Assert.Equal(400, (await guest.Send(HttpMethod.Put, "/latest/api/token")).Status);
    }

    [Fact]
    public async Task Tokens_are_made_by_put_only_and_never_through_a_proxy()
    {
        using var guest = await NewGuest("methods");
        Assert.Equal(405, await guest.Status("/latest/api/token", (Ttl, "60")));
        Assert.Equal(405, (await guest.Send(HttpMethod.Post, "/latest/api/token", (Ttl, "60"))).Status);
        Assert.Equal(403, (await guest.Send(
            HttpMethod.Put, "/latest/api/token", (Ttl, "60"), ("X-Forwarded-For", "10.0.0.1"))).Status);
        Assert.Equal(405, (await guest.Send(HttpMethod.Put, "/latest/meta-data/")).Status);
        Assert.Equal(405, (await guest.Send(HttpMethod.Delete, "/latest/user-data")).Status);
    }

    [Fact]
    public async Task Required_tokens_are_asked_for_at_once_and_a_wrong_one_is_refused_in_any_case()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("required");
        var instance = await ec2.Launch(image);
        using var guest = new GuestHttp(server, instance.InstanceId);
        using var other = new GuestHttp(server, (await ec2.Launch(image)).InstanceId);
        Assert.Equal(instance.InstanceId, await guest.Meta("instance-id"));

        await Options(instance, r => r.HttpTokens = HttpTokensState.Required);
        Assert.Equal(401, await guest.Status("/latest/meta-data/instance-id"));
        Assert.Equal(401, await guest.Status("/"));
        var token = await guest.Token();
        Assert.Equal(instance.InstanceId, await guest.Meta("instance-id", token));
        Assert.Equal(401, await guest.Status("/latest/meta-data/", ("X-aws-ec2-metadata-token", token.Value + "A")));
        // Another guest's token says nothing, even where none is required.
        Assert.Equal(401, await other.Status("/latest/meta-data/", token));

        await server.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(401, await guest.Status("/latest/meta-data/", token));
        await Options(instance, r => r.HttpTokens = HttpTokensState.Optional);
        Assert.Equal(401, await guest.Status("/latest/meta-data/", token));
        Assert.Equal(200, await guest.Status("/latest/meta-data/"));
    }

    [Fact]
    public async Task An_image_made_for_version_two_requires_tokens()
    {
        var (image, _) = await server.NewImage("imds-v2", r => r.ImdsSupport = ImdsSupportValues.V20);
        using var guest = new GuestHttp(server, (await server.Ec2().Launch(image)).InstanceId);
        Assert.Equal(401, await guest.Status("/latest/meta-data/ami-id"));
        Assert.Equal(image, await guest.Meta("ami-id", await guest.Token(21_600)));
    }

    [Fact]
    public async Task A_disabled_service_answers_nothing_but_that()
    {
        var (image, _) = await server.NewImage("disabled");
        var instance = await server.Ec2().Launch(image);
        using var guest = new GuestHttp(server, instance.InstanceId);
        var token = await guest.Token();
        await Options(instance, r => r.HttpEndpoint = InstanceMetadataEndpointState.Disabled);
        Assert.Equal(403, await guest.Status("/latest/meta-data/", token));
        Assert.Equal(403, (await guest.Send(HttpMethod.Put, "/latest/api/token", (Ttl, "60"))).Status);
        await Options(instance, r => r.HttpEndpoint = InstanceMetadataEndpointState.Enabled);
        Assert.Equal(200, await guest.Status("/latest/meta-data/", token));
    }

    private async Task<GuestHttp> NewGuest(string name)
    {
        var (image, _) = await server.NewImage(name);
        return new GuestHttp(server, (await server.Ec2().Launch(image)).InstanceId);
    }

    private Task Options(Instance instance, Action<ModifyInstanceMetadataOptionsRequest> change)
    {
        var request = new ModifyInstanceMetadataOptionsRequest { InstanceId = instance.InstanceId };
        change(request);
        return server.Ec2().ModifyInstanceMetadataOptionsAsync(request, Cancel);
    }
}
