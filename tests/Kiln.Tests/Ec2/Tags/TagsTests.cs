using Amazon.EC2;
using Amazon.EC2.Model;
using Kiln.Tests.Ec2.Images;
using Kiln.Tests.Fixtures;
using static Kiln.Tests.Ec2.Images.Requests;

namespace Kiln.Tests.Ec2.Tags;

public sealed class TagsTests(TestServer server) : IClassFixture<TestServer>
{
    private readonly AmazonEC2Client _ec2 = server.Ec2();

    private static CreateTagsRequest Put(string id, params (string Key, string Value)[] tags) =>
        new() { Resources = [id], Tags = [.. tags.Select(t => new Tag(t.Key, t.Value))] };

    private Task Delete(string id, params Tag[] tags) =>
        _ec2.DeleteTagsAsync(new DeleteTagsRequest { Resources = [id], Tags = [.. tags] }, Cancel);

    private async Task<List<(string, string)>> TagsOf(string id, AmazonEC2Client? ec2 = null) =>
        [.. ((await (ec2 ?? _ec2).DescribeTagsAsync(
            new DescribeTagsRequest { Filters = [new Filter("resource-id", [id])] }, Cancel)).Tags ?? [])
            .Select(t => (t.Key, t.Value))];

    [Fact]
    public async Task Puts_changes_and_takes_off_tags()
    {
        var snapshot = await server.Snapshot();
        var image = await _ec2.Register("tagged", snapshot);

        await _ec2.CreateTagsAsync(new CreateTagsRequest
        {
            Resources = [image, snapshot],
            Tags = [new Tag("Team", "kiln"), new Tag("team", "other"), new Tag("empty", "")],
        }, Cancel);
        await _ec2.CreateTagsAsync(Put(image, ("Team", "fire")), Cancel);

        Assert.Equal(("MissingParameter", "The request must contain the parameter resourceIdSet"), await Refusal(
            () => _ec2.CreateTagsAsync(new CreateTagsRequest { Tags = [new Tag("Team", "none")] }, Cancel)));
        Assert.Equal([("Team", "fire"), ("empty", ""), ("team", "other")], await TagsOf(image));
        Assert.Equal([("Team", "kiln"), ("empty", ""), ("team", "other")], await TagsOf(snapshot));
        Assert.Equal(3, (await _ec2.Image(image)).Tags.Count);

        await Delete(image, new Tag("Team", "water"), new Tag("team", "other"));
        Assert.Equal([("Team", "fire"), ("empty", "")], await TagsOf(image));
        await Delete(image, new Tag { Key = "Team" }, new Tag { Key = "absent" });
        Assert.Equal([("empty", "")], await TagsOf(image));
        await Delete(image);
        Assert.Empty(await TagsOf(image));
        Assert.Equal(3, (await TagsOf(snapshot)).Count);
    }

    [Fact]
    public async Task Refuses_bad_tags_and_changes_nothing()
    {
        var image = await _ec2.Register("bad tags", await server.Snapshot());
        await _ec2.CreateTagsAsync(Put(image, ("kept", "1")), Cancel);
        Task Bad(string code, params (string, string)[] tags) =>
            Refused(code, () => _ec2.CreateTagsAsync(Put(image, tags), Cancel));

        await Bad("InvalidParameterValue", ("ok", "1"), ("aws:made", "1"));
        await Bad("InvalidParameterValue", ("ok", "1"), ("AWS:made", "1"));
        await Bad("InvalidParameterValue", (new string('k', 129), "1"));
        await Bad("InvalidParameterValue", ("k", new string('v', 257)));
        await Bad("InvalidParameterValue", ("k", "1"), ("k", "2"));
        await Bad("TagLimitExceeded", [.. Enumerable.Range(0, 50).Select(n => ($"k{n}", "1"))]);
        await Bad("TagLimitExceeded", [.. Enumerable.Range(0, 51).Select(n => ($"k{n}", "1"))]);
        Assert.Equal([("kept", "1")], await TagsOf(image));
        await _ec2.CreateTagsAsync(Put(image, [.. Enumerable.Range(0, 49).Select(n => ($"k{n}", "1"))]), Cancel);
        await _ec2.CreateTagsAsync(Put(image, ("kept", "2"), ("k0", new string('v', 256))), Cancel);
        Assert.Equal(50, (await TagsOf(image)).Count);
    }

    [Fact]
    public async Task Refuses_resources_that_are_not_there()
    {
        var image = await _ec2.Register("resources", await server.Snapshot());
        Task Bad(string code, string id) => Refused(code, () => _ec2.CreateTagsAsync(
            new CreateTagsRequest { Resources = [image, id], Tags = [new Tag("a", "b")] }, Cancel));

        await Bad("InvalidAMIID.NotFound", "ami-0123456789abcdef0");
        await Bad("InvalidSnapshot.NotFound", "snap-0123456789abcdef0");
        await Bad("InvalidVolume.NotFound", "vol-0123456789abcdef0");
        await Bad("InvalidInstanceID.NotFound", "i-0123456789abcdef0");
        await Bad("InvalidKeyPair.NotFound", "key-0123456789abcdef0");
        await Bad("InvalidGroup.NotFound", "sg-0123456789abcdef0");
        await Bad("InvalidSecurityGroupRuleId.NotFound", "sgr-0123456789abcdef0");
        await Bad("InvalidVpcID.NotFound", "vpc-0123456789abcdef0");
        await Bad("InvalidSubnetID.NotFound", "subnet-0123456789abcdef0");
        await Bad("InvalidNetworkInterfaceID.NotFound", "eni-0123456789abcdef0");
        await Bad("InvalidRouteTableID.NotFound", "rtb-0123456789abcdef0");
        await Bad("InvalidInternetGatewayID.NotFound", "igw-0123456789abcdef0");
        await Bad("InvalidDhcpOptionID.NotFound", "dopt-0123456789abcdef0");
        await Bad("InvalidID", "what-0123456789abcdef0");
        await Bad("InvalidID", "nonsense");
        await Bad("InvalidSnapshot.NotFound", await server.Snapshot(account: TestServer.B));
        Assert.Empty(await TagsOf(image));
    }

    [Fact]
    public async Task Tags_networks_groups_and_keys_and_forgets_them_with_the_resource()
    {
        var vpc = (await _ec2.CreateVpcAsync(new CreateVpcRequest { CidrBlock = "10.9.0.0/16" }, Cancel)).Vpc.VpcId;
        var subnet = (await _ec2.CreateSubnetAsync(
            new CreateSubnetRequest { VpcId = vpc, CidrBlock = "10.9.0.0/24" }, Cancel)).Subnet.SubnetId;
        var key = (await _ec2.CreateKeyPairAsync(new CreateKeyPairRequest { KeyName = "tagged" }, Cancel)).KeyPair;
        var of = new List<Filter> { new("vpc-id", [vpc]) };
        var group = (await _ec2.DescribeSecurityGroupsAsync(
            new DescribeSecurityGroupsRequest { Filters = of }, Cancel)).SecurityGroups[0].GroupId;
        var table = (await _ec2.DescribeRouteTablesAsync(
            new DescribeRouteTablesRequest { Filters = of }, Cancel)).RouteTables[0].RouteTableId;
        var rule = (await _ec2.DescribeSecurityGroupRulesAsync(new DescribeSecurityGroupRulesRequest
        {
            Filters = [new Filter("group-id", [group])],
        }, Cancel)).SecurityGroupRules[0].SecurityGroupRuleId;
        var options = (await _ec2.DescribeDhcpOptionsAsync(new DescribeDhcpOptionsRequest(), Cancel)).DhcpOptions[0];
        var gateway = (await _ec2.DescribeInternetGatewaysAsync(
            new DescribeInternetGatewaysRequest(), Cancel)).InternetGateways[0].InternetGatewayId;

        string[] passing = [vpc, subnet, key.KeyPairId, group, table, rule];
        string[] ids = [.. passing, options.DhcpOptionsId, gateway];
        await _ec2.CreateTagsAsync(new CreateTagsRequest { Resources = [.. ids], Tags = [new Tag("a", "b")] }, Cancel);
        foreach (var id in ids)
            Assert.Equal([("a", "b")], await TagsOf(id));
        Assert.Equal("b", Assert.Single((await _ec2.DescribeKeyPairsAsync(
            new DescribeKeyPairsRequest { Filters = [new Filter("tag:a", ["b"])] }, Cancel)).KeyPairs).Tags[0].Value);
        await Refused("InvalidVpcID.NotFound", () =>
            server.Ec2(TestServer.B).CreateTagsAsync(Put(vpc, ("a", "b")), Cancel));

        await _ec2.DeleteKeyPairAsync(new DeleteKeyPairRequest { KeyName = "tagged" }, Cancel);
        await _ec2.DeleteSubnetAsync(new DeleteSubnetRequest { SubnetId = subnet }, Cancel);
        await _ec2.DeleteVpcAsync(new DeleteVpcRequest { VpcId = vpc }, Cancel);
        foreach (var id in passing)
            Assert.Empty(await TagsOf(id));
    }

    [Fact]
    public async Task Tags_belong_to_the_account_that_puts_them()
    {
        var image = await _ec2.Register("shared and tagged", await server.Snapshot());
        await server.Share(image, TestServer.B);
        var other = server.Ec2(TestServer.B);

        await _ec2.CreateTagsAsync(Put(image, ("mine", "1")), Cancel);
        await other.CreateTagsAsync(Put(image, ("theirs", "2")), Cancel);

        Assert.Equal([("mine", "1")], await TagsOf(image));
        Assert.Equal([("theirs", "2")], await TagsOf(image, other));
        Assert.Equal("theirs", Assert.Single((await other.Image(image)).Tags).Key);
        Assert.Empty(await other.Found("tag:mine", "*"));
    }

    [Fact]
    public async Task Describes_by_every_filter_and_in_pages()
    {
        var ec2 = server.Ec2(TestServer.C);
        var snapshots = new List<string>();
        for (var n = 0; n < 4; n++)
        {
            snapshots.Add(await server.Snapshot(account: TestServer.C));
            await ec2.CreateTagsAsync(
                Put(snapshots[n], ("n", $"{n}"), ("odd/even", n % 2 == 0 ? "even" : "odd"), ("all", "x*y")), Cancel);
        }
        async Task<int> Count(string name, params string[] values) => ((await ec2.DescribeTagsAsync(
            new DescribeTagsRequest { Filters = [new Filter(name, [.. values])] }, Cancel)).Tags ?? []).Count;

        Assert.Equal(4, await Count("key", "n"));
        Assert.Equal(8, await Count("key", "n", "a??"));
        Assert.Equal(1, await Count("value", "3"));
        Assert.Equal(2, await Count("tag:odd/even", "even"));
        Assert.Equal(2, await Count("tag:n", "0", "3"));
        Assert.Equal(4, await Count("value", @"x\*y"));
        Assert.Equal(12, await Count("resource-type", "snapshot"));
        Assert.Equal(0, await Count("resource-type", "image"));
        Assert.Equal(3, await Count("resource-id", snapshots[1]));
        await Refused("InvalidParameterValue", () => Count("colour", "red"));
        await Refused("InvalidParameterValue",
            () => ec2.DescribeTagsAsync(new DescribeTagsRequest { MaxResults = 4 }, Cancel));

        var seen = new List<string>();
        string? token = null;
        do
        {
            var page = await ec2.DescribeTagsAsync(
                new DescribeTagsRequest { MaxResults = 5, NextToken = token }, Cancel);
            seen.AddRange(page.Tags.Select(t => $"{t.ResourceId} {t.Key}"));
            token = page.NextToken;
        }
        while (token is not null);
        Assert.Equal(12, seen.Distinct().Count());
        Assert.Equal(12, seen.Count);
    }

    [Theory]
    [InlineData("\0")]
    [InlineData("\u0001")]
    [InlineData("\uFFFE")]
    public async Task Characters_that_no_answer_could_show_are_refused(string character)
    {
        var snapshot = await server.Snapshot();

        foreach (var tag in new[] { ("k" + character, "v"), ("k", "v" + character) })
            await Refused("InvalidParameterValue", () => _ec2.CreateTagsAsync(Put(snapshot, tag), Cancel));

        Assert.Empty(await TagsOf(snapshot));
        await _ec2.CreateTagsAsync(Put(snapshot, ("k\t\n\r\u202E", "v")), Cancel);
        Assert.Equal([("k\t\n\r\u202E", "v")], await TagsOf(snapshot));
    }
}
