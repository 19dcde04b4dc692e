using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Fixtures;
using static Kiln.Tests.Ec2.Images.Requests;
using ImageState = Kiln.Service.Ec2.Images.ImageState;

namespace Kiln.Tests.Ec2.Images;

/// <summary>Deprecation, disabling, protection: what an owner does to an image without touching its data.</summary>
public sealed class ImageLifeTests(TestServer server) : IClassFixture<TestServer>
{
    private readonly AmazonEC2Client _ec2 = server.Ec2();
    private readonly AmazonEC2Client _other = server.Ec2(TestServer.B);

    private async Task<string> Image(string name) => await _ec2.Register(name, await server.Snapshot());

    private DateTime Now => server.Clock.GetUtcNow().UtcDateTime;

    private async Task<bool> OtherLists(string id, bool deprecated = false) =>
        (await _other.Images(new() { Owners = [TestServer.A], IncludeDeprecated = deprecated })).Any(i =>
            i.ImageId == id);

    [Fact]
    public async Task A_deprecated_image_is_hidden_from_others_lists_only()
    {
        var id = await Image("deprecated");
        await server.Share(id, TestServer.B);
        var at = new DateTime(Now.Year + 1, 12, 31, 23, 59, 59, DateTimeKind.Utc);

        await _ec2.EnableImageDeprecationAsync(new() { ImageId = id, DeprecateAt = at }, Cancel);
        Assert.Equal($"{at.Year + 1}-01-01T00:00:00Z", (await _ec2.Image(id)).DeprecationTime);
        await _ec2.EnableImageDeprecationAsync(new() { ImageId = id, DeprecateAt = Now.AddDays(1) }, Cancel);
        Assert.True(await OtherLists(id));

        await server.Advance(TimeSpan.FromDays(1) + TimeSpan.FromMinutes(1));
        Assert.False(await OtherLists(id));
        Assert.True(await OtherLists(id, deprecated: true));
        Assert.Equal(Amazon.EC2.ImageState.Available, (await _other.Image(id)).State);
        Assert.Contains(id, await _ec2.Found("name", "deprecated"));

        await _ec2.DisableImageDeprecationAsync(new() { ImageId = id }, Cancel);
        await _ec2.DisableImageDeprecationAsync(new() { ImageId = id }, Cancel);
        Assert.Null((await _ec2.Image(id)).DeprecationTime);
        Assert.True(await OtherLists(id));
    }

    [Fact]
    public async Task Refuses_dates_that_cannot_be()
    {
        var id = await Image("dates");

        await Refused("InvalidParameterValue", () => _ec2.EnableImageDeprecationAsync(
            new() { ImageId = id, DeprecateAt = Now.AddMinutes(-5) }, Cancel));
        await Refused("InvalidParameterValue", () => _ec2.EnableImageDeprecationAsync(
            new() { ImageId = id, DeprecateAt = Now.AddYears(10).AddDays(1) }, Cancel));
        await Refused("InvalidParameterValue", () => _ec2.EnableImageDeprecationAsync(
            new() { ImageId = id, DeprecateAt = DateTime.MaxValue }, Cancel));
        await Refused("MissingParameter", () => _ec2.EnableImageDeprecationAsync(new() { ImageId = id }, Cancel));
        await Refused("AuthFailure", () => _other.EnableImageDeprecationAsync(
            new() { ImageId = id, DeprecateAt = Now.AddDays(1) }, Cancel));
        Assert.Null((await _ec2.Image(id)).DeprecationTime);
    }

    [Fact]
    public async Task A_disabled_image_is_its_owners_secret()
    {
        var id = await Image("disabled");
        await server.Share(id, TestServer.B);

        Assert.True((await _ec2.DisableImageAsync(new() { ImageId = id }, Cancel)).Return);
        Assert.True((await _ec2.DisableImageAsync(new() { ImageId = id }, Cancel)).Return);

        Assert.Equal(Amazon.EC2.ImageState.Disabled, (await _ec2.Image(id)).State);
        Assert.Empty(await _ec2.Found("name", "disabled"));
        Assert.Single(await _ec2.Images(
            new() { IncludeDisabled = true,
                Filters = [new Filter("name", ["disabled"]), new Filter("state", ["disabled"])] }));
        await Refused("InvalidAMIID.NotFound", () => _other.Images(new() { ImageIds = [id] }));
        await Refused("IncorrectState", () => _ec2.ModifyImageAttributeAsync(new()
        {
            ImageId = id,
                LaunchPermission = new() { Add = [new Amazon.EC2.Model.LaunchPermission { UserId = TestServer.B }] },
        }, Cancel));

        Assert.True((await _ec2.EnableImageAsync(new() { ImageId = id }, Cancel)).Return);
        Assert.True((await _ec2.EnableImageAsync(new() { ImageId = id }, Cancel)).Return);
        Assert.Equal(Amazon.EC2.ImageState.Available, (await _ec2.Image(id)).State);
        await Refused("InvalidAMIID.NotFound", () => _other.Images(new() { ImageIds = [id] }));
        await Refused("AuthFailure", () => _other.DisableImageAsync(new() { ImageId = id }, Cancel));
    }

    [Fact]
    public async Task A_protected_image_is_not_deregistered_nor_in_the_day_after()
    {
        var id = await Image("protected");
        Task Deregister() => _ec2.DeregisterImageAsync(new DeregisterImageRequest(id), Cancel);
        async Task<string> Shown() => (await _ec2.Image(id)).DeregistrationProtection;

        await _ec2.EnableImageDeregistrationProtectionAsync(new() { ImageId = id }, Cancel);
        Assert.Equal("enabled-without-cooldown", await Shown());
        await Refused("OperationNotPermitted", Deregister);
        await _ec2.DisableImageDeregistrationProtectionAsync(new() { ImageId = id }, Cancel);
        Assert.Equal("disabled", await Shown());

        await _ec2.EnableImageDeregistrationProtectionAsync(new() { ImageId = id, WithCooldown = true }, Cancel);
        Assert.Equal("enabled-with-cooldown", await Shown());
        Assert.Equal("true",
            (await _ec2.DisableImageDeregistrationProtectionAsync(new() { ImageId = id }, Cancel)).Return);
        Assert.StartsWith("disabled after ", await Shown(), StringComparison.Ordinal);
        await server.Advance(TimeSpan.FromHours(23));
        await _ec2.DisableImageDeregistrationProtectionAsync(new() { ImageId = id }, Cancel);
        await Refused("OperationNotPermitted", Deregister);
        await server.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal("disabled", await Shown());
        await Deregister();
    }

    [Fact]
    public void Every_pair_of_states_is_legal_or_not()
    {
        var legal = new HashSet<string>
        {
            "Pending Available", "Pending Failed", "Pending Deregistered", "Available Disabled",
                "Available Deregistered",
            "Disabled Available", "Disabled Deregistered", "Failed Deregistered",
        };
        var states = Enum.GetValues<ImageState>();

        Assert.Equal(
            from a in states from b in states let pair = $"{a} {b}" where legal.Contains(pair) select pair,
            from a in states from b in states where Kiln.Service.Ec2.Images.Image.MayBecome(a, b) select $"{a} {b}");
    }
}
