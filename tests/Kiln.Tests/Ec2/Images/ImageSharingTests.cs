using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Fixtures;
using static Kiln.Tests.Ec2.Images.Requests;

namespace Kiln.Tests.Ec2.Images;

public sealed class ImageSharingTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Organization = "arn:aws:organizations::111111111111:organization/o-abcdefghij";
    private const string Unit = "arn:aws:organizations::111111111111:ou/o-abcdefghij/ou-abcd-12345678";

    private readonly AmazonEC2Client _ec2 = server.Ec2();
    private readonly AmazonEC2Client _other = server.Ec2(TestServer.B);

    private static ModifyImageAttributeRequest Add(string id, params LaunchPermission[] permissions) =>
        new() { ImageId = id, LaunchPermission = new LaunchPermissionModifications { Add = [.. permissions] } };

    private static ModifyImageAttributeRequest Remove(string id, params LaunchPermission[] permissions) =>
        new() { ImageId = id, LaunchPermission = new LaunchPermissionModifications { Remove = [.. permissions] } };

    private static LaunchPermission User(string id) => new() { UserId = id };

    private static LaunchPermission Everybody => new() { Group = PermissionGroup.All };

    private async Task<List<string>> PermissionsOf(string id) => [.. ((await _ec2.DescribeImageAttributeAsync(
        new DescribeImageAttributeRequest(id, ImageAttributeName.LaunchPermission), Cancel))
        .ImageAttribute.LaunchPermissions ?? [])
        .Select(p => p.UserId ?? p.Group?.Value ?? p.OrganizationArn ?? p.OrganizationalUnitArn)];

    private async Task<string> Image(string name) => await _ec2.Register(name, await server.Snapshot());

    private static DescribeImagesRequest ById(string id) => new() { ImageIds = [id] };

    [Fact]
    public async Task Shares_with_accounts_and_organisations_and_takes_it_back()
    {
        var id = await Image("shared");
        Assert.Empty(await PermissionsOf(id));
        await Refused("InvalidAMIID.NotFound", () => _other.Images(ById(id)));

        var request = Add(id, User(TestServer.B), new() { OrganizationArn = Organization },
            new() { OrganizationalUnitArn = Unit });
        await _ec2.ModifyImageAttributeAsync(request, Cancel);
        await _ec2.ModifyImageAttributeAsync(request, Cancel);

        Assert.Equal([Organization, Unit, TestServer.B], await PermissionsOf(id));
        var seen = await _other.Image(id);
        Assert.Equal((TestServer.A, null, false), (seen.OwnerId, seen.DeregistrationProtection, seen.Public));
        await Refused("InvalidAMIID.NotFound", () => server.Ec2(TestServer.C).Images(ById(id)));
        Assert.Contains(await _other.Images(new() { ExecutableUsers = ["self"] }), i => i.ImageId == id);
        Assert.Contains(await _ec2.Images(new() { ExecutableUsers = [TestServer.B] }), i => i.ImageId == id);
        Assert.DoesNotContain(await _ec2.Images(new() { ExecutableUsers = [TestServer.C] }), i => i.ImageId == id);
        Assert.Contains(await _other.Images(new() { Owners = [TestServer.A] }), i => i.ImageId == id);

        await _ec2.ModifyImageAttributeAsync(Remove(id, User(TestServer.B), User(TestServer.C)), Cancel);
        Assert.Equal([Organization, Unit], await PermissionsOf(id));
        await Refused("InvalidAMIID.NotFound", () => _other.Images(ById(id)));
        await _ec2.ResetImageAttributeAsync(
            new ResetImageAttributeRequest(id, ResetImageAttributeName.LaunchPermission), Cancel);
        Assert.Empty(await PermissionsOf(id));
    }

    [Fact]
    public async Task Understands_what_clients_send()
    {
        var id = await Image("noise");

        await _ec2.ModifyImageAttributeAsync(new ModifyImageAttributeRequest
        {
            ImageId = id, Attribute = "launchPermission", UserIds = [TestServer.B],
            LaunchPermission = new LaunchPermissionModifications { Add = [User(TestServer.B)] },
        }, Cancel);
        await _ec2.ModifyImageAttributeAsync(new ModifyImageAttributeRequest
        {
            ImageId = id, Attribute = "LaunchPermission", OperationType = OperationType.Add, UserIds = [TestServer.C],
        }, Cancel);
        await _ec2.ModifyImageAttributeAsync(new ModifyImageAttributeRequest
        {
            ImageId = id, Attribute = "Description ", Description = "new",
        }, Cancel);
        Assert.Equal([TestServer.B, TestServer.C], await PermissionsOf(id));
        Assert.Equal("new", (await _ec2.Image(id)).Description);
        await _ec2.ModifyImageAttributeAsync(new() { ImageId = id, Attribute = "description", Value = "old way" },
            Cancel);
        Assert.Equal("old way", (await _ec2.Image(id)).Description);
        await _ec2.ModifyImageAttributeAsync(new() { ImageId = id, Attribute = "description" }, Cancel);
        Assert.Empty((await _ec2.Image(id)).Description);
        await _ec2.ModifyImageAttributeAsync(new() { ImageId = id, ImdsSupport = "v2.0" }, Cancel);
        Assert.Equal("v2.0", (await _ec2.Image(id)).ImdsSupport.Value);
    }

    [Fact]
    public async Task Refuses_bad_changes_and_changes_nothing()
    {
        var id = await Image("refusals");
        Task Bad(string code, ModifyImageAttributeRequest request) =>
            Refused(code, () => _ec2.ModifyImageAttributeAsync(request, Cancel));

        Assert.Equal(("InvalidAMIAttributeItemValue", "Invalid attribute item value \"12345\" for userId item type."),
            await Refusal(() => _ec2.ModifyImageAttributeAsync(Add(id, User(TestServer.B), User("12345")), Cancel)));
        await Bad("InvalidAMIAttributeItemValue", Add(id, new LaunchPermission { Group = "friends" }));
        await Bad("InvalidAMIAttributeItemValue", Add(id, new LaunchPermission { OrganizationArn = "o-abcdefghij" }));
        await Bad("InvalidAMIAttributeItemValue",
            Add(id, new LaunchPermission { OrganizationalUnitArn = Organization }));
        await Bad("InvalidParameterCombination", new() { ImageId = id });
        await Bad("InvalidParameterCombination", new() { ImageId = id, Value = "what" });
        await Bad("InvalidParameterValue", new() { ImageId = id, ImdsSupport = "v1.0" });
        await Bad("InvalidParameterValue", new() { ImageId = id, Description = new string('d', 256) });
        await Bad("MissingParameter", new() { ImageId = id, UserIds = [TestServer.B] });
        await Bad("UnsupportedOperation", new() { ImageId = id, ProductCodes = ["abc"] });
        var two = Add(id, User(TestServer.B));
        two.Description = "and this";
        await Bad("InvalidParameterCombination", two);
        await Refused("AuthFailure", () => _other.ModifyImageAttributeAsync(Add(id, User(TestServer.C)), Cancel));
        Assert.Empty(await PermissionsOf(id));
        Assert.Empty((await _ec2.Image(id)).Description);
    }

    [Fact]
    public async Task What_is_encrypted_or_bought_is_not_shared_with_everybody()
    {
        var own = await _ec2.Register("own key", await server.Snapshot(kmsKeyId: await server.Key()));
        var managed = await _ec2.Register("aws key",
            await server.Snapshot(kmsKeyId: await server.Key(awsManaged: true)));
        var bought = await _ec2.Register("bought", await server.Snapshot(productCodes: ["abc"]));

        await Refused("OperationNotPermitted", () => _ec2.ModifyImageAttributeAsync(Add(own, Everybody), Cancel));
        await Refused("OperationNotPermitted", () => _ec2.ModifyImageAttributeAsync(Add(bought, Everybody), Cancel));
        Assert.Equal("InvalidParameter",
            (await Refusal(() => _ec2.ModifyImageAttributeAsync(Add(managed, User(TestServer.B)), Cancel))).Code);
        await _ec2.ModifyImageAttributeAsync(Add(own, User(TestServer.B)), Cancel);
        Assert.Equal([TestServer.B], await PermissionsOf(own));
        Assert.Empty(await PermissionsOf(managed));
        Assert.Equal("abc", Assert.Single((await _ec2.Image(bought)).ProductCodes).ProductCodeId);
    }

    [Fact]
    public async Task Going_public_sets_a_deprecation_date_and_keeps_to_quota_and_block()
    {
        var ec2 = server.Ec2(region: "us-west-2");
        async Task<string> New(string name) => await ec2.Register(name, await server.Snapshot(region: "us-west-2"));
        var id = await New("public 0");
        var created = DateTimeOffset.Parse((await ec2.Image(id)).CreationDate, null);

        await ec2.EnableImageBlockPublicAccessAsync(new() { ImageBlockPublicAccessState = "block-new-sharing" },
            Cancel);
        var (code, message) = await Refusal(() => ec2.ModifyImageAttributeAsync(Add(id, Everybody), Cancel));
        Assert.Equal("OperationNotPermitted", code);
        Assert.StartsWith("You can’t publicly share this image because block public access", message,
            StringComparison.Ordinal);
        Assert.Equal("block-new-sharing",
            (await ec2.GetImageBlockPublicAccessStateAsync(new(), Cancel)).ImageBlockPublicAccessState);
        Assert.Equal("unblocked",
            (await _ec2.GetImageBlockPublicAccessStateAsync(new(), Cancel)).ImageBlockPublicAccessState);
        await ec2.DisableImageBlockPublicAccessAsync(new(), Cancel);

        await ec2.ModifyImageAttributeAsync(Add(id, Everybody), Cancel);
        var image = await server.Ec2(TestServer.C, "us-west-2").Image(id);
        Assert.True(image.Public);
        var deprecation = DateTimeOffset.Parse(image.DeprecationTime, null);
        Assert.InRange(deprecation - created.AddYears(2), TimeSpan.FromSeconds(-31), TimeSpan.FromSeconds(31));
        Assert.Equal(0, deprecation.Second);
        await Refused("OperationNotPermitted", () => ec2.DisableImageDeprecationAsync(new() { ImageId = id }, Cancel));
        await Refused("InvalidParameterValue", () => ec2.EnableImageDeprecationAsync(
            new() { ImageId = id, DeprecateAt = created.AddYears(3).UtcDateTime }, Cancel));
        Assert.Contains(await server.Ec2(TestServer.C, "us-west-2").Images(new() { ExecutableUsers = ["all"] }), i =>
            i.ImageId == id);

        for (var n = 1; n < 5; n++)
            await ec2.ModifyImageAttributeAsync(Add(await New($"public {n}"), Everybody), Cancel);
        var sixth = await New("public 5");
        await Refused("ResourceLimitExceeded", () => ec2.ModifyImageAttributeAsync(Add(sixth, Everybody), Cancel));
        Assert.False((await ec2.Image(sixth)).Public);
        await ec2.ModifyImageAttributeAsync(Remove(id, Everybody), Cancel);
        await ec2.ModifyImageAttributeAsync(Add(sixth, Everybody), Cancel);
    }

    [Fact]
    public async Task A_recipient_withdraws_itself()
    {
        var id = await Image("withdrawn");
        await Refused("InvalidAMIID.NotFound", () =>
            _other.CancelImageLaunchPermissionAsync(new() { ImageId = id }, Cancel));
        await _ec2.ModifyImageAttributeAsync(Add(id, User(TestServer.B), User(TestServer.C)), Cancel);

        Assert.True((await _other.CancelImageLaunchPermissionAsync(new() { ImageId = id }, Cancel)).Return);

        Assert.Equal([TestServer.C], await PermissionsOf(id));
        await Refused("InvalidAMIID.NotFound", () => _other.Images(ById(id)));
        await Refused("OperationNotPermitted", () =>
            _ec2.CancelImageLaunchPermissionAsync(new() { ImageId = id }, Cancel));
    }

    [Fact]
    public async Task Attributes_are_the_owners()
    {
        var id = await Image("attributes");
        await _ec2.ModifyImageAttributeAsync(Add(id, User(TestServer.B)), Cancel);

        await Refused("AuthFailure", () => _other.DescribeImageAttributeAsync(
            new DescribeImageAttributeRequest(id, ImageAttributeName.LaunchPermission), Cancel));
        await Refused("AuthFailure", () => _ec2.DescribeImageAttributeAsync(
            new DescribeImageAttributeRequest(id, ImageAttributeName.BlockDeviceMapping), Cancel));
        await Refused("InvalidParameterValue", () => _ec2.DescribeImageAttributeAsync(
            new DescribeImageAttributeRequest(id, new ImageAttributeName("colour")), Cancel));
        foreach (
            var name in (string[])["description", "kernel", "ramdisk", "productCodes", "sriovNetSupport", "bootMode",
            "tpmSupport", "uefiData", "lastLaunchedTime", "imdsSupport", "deregistrationProtection"])
        {
            var answer = await _ec2.DescribeImageAttributeAsync(
                new DescribeImageAttributeRequest(id, new ImageAttributeName(name)), Cancel);
            Assert.Equal(id, answer.ImageAttribute.ImageId);
        }
        await _ec2.DeregisterImageAsync(new DeregisterImageRequest(id), Cancel);
        Assert.Equal(("InvalidAMIID.Unavailable", $"The image ID '{id}' is no longer available"), await Refusal(
            () => _ec2.DescribeImageAttributeAsync(
                new DescribeImageAttributeRequest(id, ImageAttributeName.LaunchPermission), Cancel)));
    }
}
