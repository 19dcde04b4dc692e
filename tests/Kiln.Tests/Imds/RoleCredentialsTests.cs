using System.Text.Json;
using Amazon.EC2.Model;
using Amazon.SecurityToken.Model;
using Kiln.Tests.Ec2;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;
using Credentials = Amazon.SecurityToken.Model.Credentials;

namespace Kiln.Tests.Imds;

public sealed class RoleCredentialsTests(TestServer server) : IClassFixture<TestServer>
{
    private const string Trust = """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},
        "Action":"sts:AssumeRole"}]}
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_instance_acts_as_its_role_with_keys_from_its_metadata()
    {
        await Profile("reader", Principals.Allow("ec2:DescribeInstances"), Trust);
        var (image, _) = await server.NewImage("role");
        var instance = await server.Ec2().Running(image, r => r.IamInstanceProfile = new() { Name = "reader" });
        using var guest = new GuestHttp(server, instance.InstanceId);

        var info = JsonDocument.Parse(await guest.Meta("iam/info")).RootElement;
        Assert.Equal(instance.IamInstanceProfile.Arn, info.GetProperty("InstanceProfileArn").GetString());
        Assert.Equal("reader", await guest.Meta("iam/security-credentials/"));
        var (keys, end) = await Keys(guest, "iam/security-credentials/reader");
        var identity = await server.Sts(keys).GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel);
        Assert.Equal(
            $"arn:aws:sts::{TestServer.A}:assumed-role/reader/{instance.InstanceId}", identity.Arn);
        var seen = await server.Ec2(keys).DescribeInstancesAsync(new DescribeInstancesRequest(), Cancel);
        Assert.Contains(instance.InstanceId, seen.Reservations.SelectMany(r => r.Instances).Select(i => i.InstanceId));
        await Ec2Waits.Refused("UnauthorizedOperation",
            () => server.Ec2(keys).DescribeImagesAsync(new DescribeImagesRequest(), Cancel));

        // The same keys until an hour before their end, then new ones, while the old ones still hold.
        Assert.Equal(keys.AccessKeyId, (await Keys(guest, "iam/security-credentials/reader")).Keys.AccessKeyId);
        await server.Advance(end - server.Clock.GetUtcNow() - TimeSpan.FromMinutes(59));
        var (next, _) = await Keys(guest, "iam/security-credentials/reader");
        Assert.NotEqual(keys.AccessKeyId, next.AccessKeyId);
        await server.Sts(keys).GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel);
        await server.Advance(TimeSpan.FromHours(1));
        await Assert.ThrowsAsync<Amazon.SecurityToken.AmazonSecurityTokenServiceException>(
            () => server.Sts(keys).GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel));
        await server.Sts(next).GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel);
    }

    [Fact]
    public async Task Profiles_are_associated_replaced_and_taken_while_the_machine_runs()
    {
        await Profile("first", Principals.Allow("ec2:*"), Trust);
        await Profile("closed", Principals.Allow("ec2:*"), Principals.Trust(TestServer.A));
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("associations");
        var instance = await ec2.Running(image);
        using var guest = new GuestHttp(server, instance.InstanceId);
        Assert.Equal(404, await guest.Status("/latest/meta-data/iam/security-credentials/"));

        var made = (await ec2.AssociateIamInstanceProfileAsync(new AssociateIamInstanceProfileRequest
        {
            InstanceId = instance.InstanceId, IamInstanceProfile = new() { Name = "first" },
        }, Cancel)).IamInstanceProfileAssociation;
        Assert.Equal("associating", made.State.Value);
        Assert.Equal("first", await guest.Meta("iam/security-credentials/"));
        await Ec2Waits.Refused("IncorrectState", () => ec2.AssociateIamInstanceProfileAsync(
            new AssociateIamInstanceProfileRequest
            {
                InstanceId = instance.InstanceId, IamInstanceProfile = new() { Name = "closed" },
            }, Cancel));
        var replaced = (await ec2.ReplaceIamInstanceProfileAssociationAsync(
            new ReplaceIamInstanceProfileAssociationRequest
            {
                AssociationId = made.AssociationId, IamInstanceProfile = new() { Name = "closed" },
            }, Cancel)).IamInstanceProfileAssociation;
        Assert.NotEqual(made.AssociationId, replaced.AssociationId);
        // Its role does not trust EC2: the reason stands where the keys would.
        Assert.Contains("AssumeRoleUnauthorizedAccess", await guest.Meta("iam/security-credentials/closed"),
            StringComparison.Ordinal);

        var shown = (await ec2.DescribeIamInstanceProfileAssociationsAsync(
            new DescribeIamInstanceProfileAssociationsRequest
            {
                Filters = [new Filter("instance-id", [instance.InstanceId])],
            }, Cancel)).IamInstanceProfileAssociations.Single();
        Assert.Equal((replaced.AssociationId, "associated"), (shown.AssociationId, shown.State.Value));
        await ec2.DisassociateIamInstanceProfileAsync(
            new DisassociateIamInstanceProfileRequest { AssociationId = replaced.AssociationId }, Cancel);
        Assert.Equal(404, await guest.Status("/latest/meta-data/iam/info"));
        await Ec2Waits.Refused("InvalidAssociationID.NotFound", () => ec2.DisassociateIamInstanceProfileAsync(
            new DisassociateIamInstanceProfileRequest { AssociationId = replaced.AssociationId }, Cancel));
    }

    [Fact]
    public async Task Who_may_not_pass_the_role_cannot_launch_with_it()
    {
        await Profile("powerful", Principals.Allow("*"), Trust);
        var (image, _) = await server.NewImage("pass");
        var launcher = await server.Role(TestServer.A, "launcher", Principals.Allow("ec2:*"));
        var ec2 = server.Ec2(await server.Assume(launcher));
        var request = Machines.Request(image);
        request.IamInstanceProfile = new() { Name = "powerful" };
        await Ec2Waits.Refused("UnauthorizedOperation", () => ec2.RunInstancesAsync(request, Cancel));
        request.IamInstanceProfile = null;
        var instance = (await ec2.RunInstancesAsync(request, Cancel)).Reservation.Instances[0];
        await Ec2Waits.Refused("UnauthorizedOperation", () => ec2.AssociateIamInstanceProfileAsync(
            new AssociateIamInstanceProfileRequest
            {
                InstanceId = instance.InstanceId, IamInstanceProfile = new() { Name = "powerful" },
            }, Cancel));
    }

    [Fact]
    public async Task The_instance_itself_may_tell_who_it_is_and_nothing_else()
    {
        var (image, _) = await server.NewImage("own");
        var instance = await server.Ec2().Launch(image);
        using var guest = new GuestHttp(server, instance.InstanceId);
        var (keys, _) = await Keys(guest, "identity-credentials/ec2/security-credentials/ec2-instance");
        var identity = await server.Sts(keys).GetCallerIdentityAsync(new GetCallerIdentityRequest(), Cancel);
        Assert.Equal(
            $"arn:aws:sts::{TestServer.A}:assumed-role/aws:ec2-instance/{instance.InstanceId}", identity.Arn);
        await Ec2Waits.Refused("UnauthorizedOperation",
            () => server.Ec2(keys).DescribeInstancesAsync(new DescribeInstancesRequest(), Cancel));
    }

    private static async Task<(Credentials Keys, DateTimeOffset End)> Keys(GuestHttp guest, string path)
    {
        var keys = JsonDocument.Parse(await guest.Meta(path)).RootElement;
        string Member(string name) => keys.GetProperty(name).GetString()!;
        Assert.Equal("Success", Member("Code"));
        return (new Credentials(Member("AccessKeyId"), Member("SecretAccessKey"), Member("Token"), default),
            keys.GetProperty("Expiration").GetDateTimeOffset());
    }

    private async Task Profile(string name, string policy, string trust)
    {
        await server.Role(TestServer.A, name, policy, trust);
        var iam = server.Iam();
        await iam.Ok("CreateInstanceProfile", ("InstanceProfileName", name));
        await iam.Ok("AddRoleToInstanceProfile", ("InstanceProfileName", name), ("RoleName", name));
    }
}
