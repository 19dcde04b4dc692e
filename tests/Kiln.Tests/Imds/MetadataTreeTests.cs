using System.IO.Compression;
using System.Text;
using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Ec2;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Imds;

public sealed class MetadataTreeTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_tree_tells_what_DescribeInstances_tells()
    {
        var ec2 = server.Ec2();
        await ec2.ImportKeyPairAsync(new ImportKeyPairRequest(
            "door", Convert.ToBase64String(Encoding.ASCII.GetBytes(PublicKey()))), Cancel);
        var (image, _) = await server.NewImage("tree");
        var instance = await ec2.Running(image, r => r.KeyName = "door");
        using var guest = new GuestHttp(server, instance.InstanceId);

        var mac = instance.NetworkInterfaces[0].MacAddress;
        var card = $"network/interfaces/macs/{mac}/";
        (string Path, string Value)[] expected =
        [
            ("ami-id", image), ("ami-launch-index", "0"), ("ami-manifest-path", "(unknown)"),
            ("block-device-mapping/", "ami\nroot"), ("block-device-mapping/root", "/dev/xvda"),
            ("events/maintenance/scheduled", "[]"), ("hibernation/configured", "false"),
            ("hostname", instance.PrivateDnsName), ("instance-action", "none"), ("instance-id", instance.InstanceId),
            ("instance-life-cycle", "on-demand"), ("instance-type", "t3.micro"),
            ("local-hostname", instance.PrivateDnsName), ("local-ipv4", instance.PrivateIpAddress), ("mac", mac),
            ("network/interfaces/macs/", mac + "/"), (card + "device-number", "0"),
            (card + "interface-id", instance.NetworkInterfaces[0].NetworkInterfaceId),
            (card + "local-ipv4s", instance.PrivateIpAddress), (card + "mac", mac),
            (card + "owner-id", TestServer.A), (card + "security-groups", "default"),
            (card + "security-group-ids", instance.SecurityGroups[0].GroupId),
            (card + "subnet-id", instance.SubnetId), (card + "subnet-ipv4-cidr-block", "172.31.0.0/20"),
            (card + "vpc-id", instance.VpcId), (card + "vpc-ipv4-cidr-block", "172.31.0.0/16"),
            (card + "ipv4-associations/" + instance.PublicIpAddress, instance.PrivateIpAddress),
            ("placement/availability-zone", "us-east-1a"), ("placement/availability-zone-id", "use1-az1"),
            ("placement/region", "us-east-1"), ("profile", "default-hvm"),
            ("public-hostname", instance.PublicDnsName), ("public-ipv4", instance.PublicIpAddress),
            ("public-keys/", "0=door"), ("public-keys/0/", "openssh-key"),
            ("public-keys/0/openssh-key", PublicKey()), ("security-groups", "default"),
            ("services/domain", "amazonaws.com"), ("services/partition", "aws"), ("system", "nitro"),
        ];
        foreach (var (path, value) in expected)
            Assert.Equal((path, value), (path, await guest.Meta(path)));
        Assert.StartsWith("r-", await guest.Meta("reservation-id"), StringComparison.Ordinal);
        Assert.Equal("disabled", await guest.Text("/latest/dynamic/fws/instance-monitoring"));
        // The key of a deleted pair still opens the machine.
        await ec2.DeleteKeyPairAsync(new DeleteKeyPairRequest { KeyName = "door" }, Cancel);
        Assert.Equal(PublicKey(), await guest.Meta("public-keys/0/openssh-key"));
    }

    [Fact]
    public async Task Every_folder_answers_with_and_without_its_slash_under_every_version()
    {
        using var guest = await NewGuest("folders");
        Assert.EndsWith("\nlatest", await guest.Text("/"), StringComparison.Ordinal);
        foreach (var version in (await guest.Text("/")).Split('\n').Append("2030-12-31"))
        {
            Assert.Equal("dynamic\nmeta-data", await guest.Text($"/{version}"));
            Assert.Equal("dynamic\nmeta-data", await guest.Text($"/{version}/"));
            // Without this answer cloud-init asks again for minutes.
            Assert.Equal("document\npkcs7\nrsa2048\nsignature",
                await guest.Text($"/{version}/dynamic/instance-identity"));
        }
        await Walk(guest, "/latest/meta-data");
        foreach (var absent in new[]
        {
            "/latest/user-data", "/latest/meta-data/iam/info", "/latest/meta-data/tags/instance", "/nonsense",
            "/2021-13-01/meta-data", "/latest/meta-data/instance-id/", "/latest/meta-data/instance-id/x",
            "/latest/meta-data/../../etc/passwd", "/latest/meta-data/public-keys/",
        })
            Assert.Equal((absent, 404), (absent, await guest.Status(absent)));
    }

    [Fact]
    public async Task User_data_comes_out_as_it_went_in_whatever_its_bytes()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("user-data");
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            await gzip.WriteAsync(Disk.Bytes(7, 5000), Cancel);
        foreach (var bytes in new[] { packed.ToArray(), Disk.Bytes(8, 16 * 1024), new byte[256] })
        {
            var instance = await ec2.Launch(image, r => r.UserData = Convert.ToBase64String(bytes));
            using var guest = new GuestHttp(server, instance.InstanceId);
            Assert.Equal(bytes, (await guest.Send(HttpMethod.Get, "/latest/user-data")).Body);
            Assert.Equal(bytes, (await guest.Send(HttpMethod.Get, "/1.0/user-data")).Body);
            Assert.Equal("dynamic\nmeta-data\nuser-data", await guest.Text("/latest/"));
            var head = await guest.Send(HttpMethod.Head, "/latest/user-data");
            Assert.Equal((200, 0), (head.Status, head.Body.Length));
        }
    }

    [Fact]
    public async Task Tags_are_shown_once_they_are_enabled_and_only_those_that_can_be()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("tags");
        var instance = await ec2.Launch(image, r => r.TagSpecifications =
        [
            new TagSpecification
            {
                ResourceType = ResourceType.Instance, Tags = [new("Name", "web 1"), new("a:b", "")],
            },
        ]);
        using var guest = new GuestHttp(server, instance.InstanceId);
        Assert.Equal(404, await guest.Status("/latest/meta-data/tags/instance/Name"));

        var enable = new ModifyInstanceMetadataOptionsRequest
        {
            InstanceId = instance.InstanceId, InstanceMetadataTags = InstanceMetadataTagsState.Enabled,
        };
        await ec2.ModifyInstanceMetadataOptionsAsync(enable, Cancel);
        Assert.Equal("Name\na:b", await guest.Meta("tags/instance"));
        Assert.Equal("web 1", await guest.Meta("tags/instance/Name"));
        Assert.Equal("", await guest.Meta("tags/instance/a:b"));
        await ec2.CreateTagsAsync(new CreateTagsRequest([instance.InstanceId], [new Tag("role", "db")]), Cancel);
        Assert.Equal("db", await guest.Meta("tags/instance/role"));
        var wrong = new CreateTagsRequest([instance.InstanceId], [new Tag("a/b", "x")]);
        await Ec2Waits.Refused("InvalidParameterValue", () => ec2.CreateTagsAsync(wrong, Cancel));

        var slashed = await ec2.Launch(image, r => r.TagSpecifications =
            [new TagSpecification { ResourceType = ResourceType.Instance, Tags = [new("a/b", "x")] }]);
        enable.InstanceId = slashed.InstanceId;
        await Ec2Waits.Refused("InvalidParameterValue", () => ec2.ModifyInstanceMetadataOptionsAsync(enable, Cancel));
    }

    private static async Task Walk(GuestHttp guest, string folder)
    {
        var list = await guest.Text(folder + "/");
        Assert.Equal(list, await guest.Text(folder));
        foreach (var name in list.Split('\n'))
        {
            if (name.EndsWith('/'))
                await Walk(guest, folder + "/" + name.TrimEnd('/'));
            else if (!name.Contains('=', StringComparison.Ordinal))
                Assert.Equal((name, 200), (name, await guest.Status(folder + "/" + name)));
        }
    }

    private async Task<GuestHttp> NewGuest(string name)
    {
        var (image, _) = await server.NewImage(name);
        return new GuestHttp(server, (await server.Ec2().Launch(image)).InstanceId);
    }

    private static string PublicKey() => "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"
        + "JTZYLJ1dvQdCAtTo3DKJ4nIEjdnbpIHjQy/+OeYJBrZ door";
}
