using Amazon.EC2;
using Amazon.EC2.Model;
using Amazon.KeyManagementService.Model;
using Kiln.Tests.Ec2;
using Kiln.Tests.Ec2.Images;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;
using Kiln.Tests.Ssm;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Tests.Persistence;

/// <summary>Calls that meet: the look before a change lies as soon as two look at once, and what is stored must hold
/// all the same.</summary>
public sealed class RaceTests(TestServer server) : IClassFixture<TestServer>
{
    private const int Callers = 20;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_registrations_under_one_name_exactly_one_succeeds()
    {
        var ec2 = server.Ec2();
        var snapshot = await server.Snapshot();

        var answers = await Meeting.AtOnce(Callers, _ => ec2.Register("one-name", snapshot));

        Assert.Single(answers, a => a.Refused is null);
        Assert.Equal(Callers - 1, answers.Count(a => a.Refused == "InvalidAMIName.Duplicate"));
        Assert.Single(await ec2.Found("name", "one-name"));
    }

    [Fact]
    public async Task Launches_with_one_client_token_are_one_reservation()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("one-token");
        var volumes = await server.WithDb(db => db.Volumes.CountAsync(Cancel));

        var answers = await Meeting.AtOnce(Callers, async _ =>
        {
            var request = Machines.Request(image);
            request.ClientToken = "launch-once";
            return (await ec2.RunInstancesAsync(request, Cancel)).Reservation;
        });

        Assert.All(answers, a => Assert.Null(a.Refused));
        Assert.Single(answers.Select(a => a.Value!.ReservationId).Distinct());
        Assert.Single(answers.Select(a => Assert.Single(a.Value!.Instances).InstanceId).Distinct());
        Assert.Equal(1, await server.WithDb(db => db.Instances.CountAsync(i => i.ImageId == image, Cancel)));
        Assert.Equal(volumes + 1, await server.WithDb(db => db.Volumes.CountAsync(Cancel)));
    }

    [Fact]
    public async Task An_image_never_stands_over_a_snapshot_that_was_deleted()
    {
        var ec2 = server.Ec2();
        for (var round = 0; round < 10; round++)
        {
            var snapshot = await server.Snapshot();
            var name = $"over-{round}";

            var answers = await Meeting.AtOnce(8, async n => n % 2 == 0
                ? await ec2.Register($"{name}-{n}", snapshot)
                : (await ec2.DeleteSnapshotAsync(new DeleteSnapshotRequest(snapshot), Cancel)).ToString()!);

            var there = await server.WithDb(db => db.Snapshots.AnyAsync(s => s.Id == snapshot, Cancel));
            var images = await ec2.Found("name", $"{name}-*");
            Assert.Equal(answers.Where((a, n) => n % 2 == 0 && a.Refused is null).Count(), images.Count);
            Assert.Equal(there ? 0 : 1, answers.Where((a, n) => n % 2 == 1 && a.Refused is null).Count());
            Assert.True(there || images.Count == 0, $"{images.Count} images stand over {snapshot}, which is gone.");
            Assert.All(answers, a => Assert.True(
                a.Refused is null or "InvalidSnapshot.InUse" or "InvalidSnapshot.NotFound", a.Refused));
        }
    }

    [Fact]
    public async Task A_volume_is_attached_to_one_instance_only()
    {
        var ec2 = server.Ec2();
        var (image, _) = await server.NewImage("one-volume");
        var first = await ec2.Running(image);
        var second = await ec2.Running(image);
        var volume = await ec2.NewVolume(
            more: r => r.AvailabilityZone = first.Placement.AvailabilityZone);

        var answers = await Meeting.AtOnce(6, async n => (await ec2.AttachVolumeAsync(new AttachVolumeRequest
        {
            VolumeId = volume, Device = "/dev/sdf", InstanceId = (n % 2 == 0 ? first : second).InstanceId,
        }, Cancel)).Attachment.InstanceId);

        Assert.Single(answers, a => a.Refused is null);
        Assert.Equal(1, await server.WithDb(db => db.VolumeAttachments.CountAsync(a => a.VolumeId == volume, Cancel)));
    }

    [Fact]
    public async Task Tags_written_at_once_all_count_and_the_last_stays()
    {
        var ec2 = server.Ec2();
        var snapshot = await server.Snapshot();

        var answers = await Meeting.AtOnce(Callers, n => ec2.CreateTagsAsync(new CreateTagsRequest
        {
            Resources = [snapshot], Tags = [new("who", $"{n}"), new($"own-{n}", "x")],
        }, Cancel));

        Assert.All(answers, a => Assert.Null(a.Refused));
        var tags = await server.WithDb(db => db.Tags.Where(t => t.ResourceId == snapshot).ToListAsync(Cancel));
        Assert.Equal(Callers + 1, tags.Count);
    }

    [Fact]
    public async Task Names_of_groups_and_aliases_are_given_once()
    {
        var ec2 = server.Ec2();
        var kms = server.Kms();
        var key = (await kms.CreateKeyAsync(new CreateKeyRequest(), Cancel)).KeyMetadata.KeyId;

        var groups = await Meeting.AtOnce(Callers, async _ => (await ec2.CreateSecurityGroupAsync(
            new CreateSecurityGroupRequest { GroupName = "once", Description = "once" }, Cancel)).GroupId);
        var aliases = await Meeting.AtOnce(Callers, _ => kms.CreateAliasAsync(
            new CreateAliasRequest { AliasName = "alias/once", TargetKeyId = key }, Cancel));

        Assert.Single(groups, a => a.Refused is null);
        Assert.Equal(Callers - 1, groups.Count(a => a.Refused == "InvalidGroup.Duplicate"));
        Assert.Single(aliases, a => a.Refused is null);
        Assert.Equal(Callers - 1, aliases.Count(a => a.Refused == "AlreadyExistsException"));
    }

    [Fact]
    public async Task However_many_meet_on_one_row_each_is_answered()
    {
        var ec2 = server.Ec2();
        var volume = await ec2.NewVolume();
        using var ssm = server.Ssm();

        var deletions = await Meeting.AtOnce(Callers, async _ =>
            (await ec2.DeleteVolumeAsync(new DeleteVolumeRequest(volume), Cancel)).ToString());
        var versions = await Meeting.AtOnce(Callers, async n => (await ssm.PutParameterAsync(new()
        {
            Name = "/meeting", Value = $"{n}", Type = "String", Overwrite = true,
        }, Cancel)).Version);

        Assert.All(deletions, a => Assert.True(
            a.Refused is null or "InvalidVolume.NotFound" or "IncorrectState", a.Refused));
        Assert.Contains(deletions, a => a.Refused is null);
        Assert.All(versions, a => Assert.Null(a.Refused));
        Assert.Equal(Enumerable.Range(1, Callers), versions.Select(a => (int)a.Value!).Order());
    }

    [Fact]
    public async Task Tags_written_at_once_are_never_more_than_fifty()
    {
        var ec2 = server.Ec2();
        var snapshot = await server.Snapshot();

        var answers = await Meeting.AtOnce(Callers, n => ec2.CreateTagsAsync(new CreateTagsRequest
        {
            Resources = [snapshot],
            Tags = [.. Enumerable.Range(0, 10).Select(t => new Amazon.EC2.Model.Tag($"{n}-{t}", "x"))],
        }, Cancel));

        Assert.Equal(5, answers.Count(a => a.Refused is null));
        Assert.Equal(Callers - 5, answers.Count(a => a.Refused == "TagLimitExceeded"));
        Assert.Equal(50, await server.WithDb(db => db.Tags.CountAsync(t => t.ResourceId == snapshot, Cancel)));
    }

    [Fact]
    public async Task Rules_added_at_once_are_never_more_than_sixty()
    {
        var ec2 = server.Ec2();
        var group = (await ec2.CreateSecurityGroupAsync(
            new CreateSecurityGroupRequest { GroupName = "full", Description = "full" }, Cancel)).GroupId;

        var rules = await Meeting.AtOnce(Callers, n => ec2.AuthorizeSecurityGroupIngressAsync(
            new AuthorizeSecurityGroupIngressRequest
            {
                GroupId = group,
                IpPermissions = [.. Enumerable.Range(1, 10).Select(i => new IpPermission
                {
                    IpProtocol = "tcp", FromPort = n * 10 + i, ToPort = n * 10 + i,
                    Ipv4Ranges = [new IpRange { CidrIp = "10.0.0.0/8" }],
                })],
            }, Cancel));

        Assert.Equal(6, rules.Count(a => a.Refused is null));
        Assert.Equal(Callers - 6, rules.Count(a => a.Refused == "RulesPerSecurityGroupLimitExceeded"));
    }

    [Fact]
    public async Task Quotas_hold_however_many_ask_at_once()
    {
        var ec2 = server.Ec2(TestServer.C);
        var images = new List<string>();
        for (var i = 0; i < Callers; i++)
            images.Add(await ec2.Register($"quota-{i}", await server.Snapshot(account: TestServer.C)));
        var quota = server.Server.Options.PublicImagesPerRegion;

        var answers = await Meeting.AtOnce(Callers, n => ec2.ModifyImageAttributeAsync(new ModifyImageAttributeRequest
        {
            ImageId = images[n],
            LaunchPermission = new() { Add = [new LaunchPermission { Group = PermissionGroup.All }] },
        }, Cancel));

        Assert.Equal(quota, answers.Count(a => a.Refused is null));
        Assert.Equal(Callers - quota, answers.Count(a => a.Refused == "ResourceLimitExceeded"));
    }
}
