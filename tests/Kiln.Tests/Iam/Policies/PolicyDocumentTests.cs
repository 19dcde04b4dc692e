using Kiln.Service.Iam.Policies;

namespace Kiln.Tests.Iam.Policies;

public sealed class PolicyDocumentTests
{
    private static readonly PolicyPrincipal Alice = new("111111111111", "arn:aws:iam::111111111111:user/alice");

    [Theory]
    [InlineData("ec2:CreateImage", "*", Decision.Allowed)]
    [InlineData("EC2:createimage", "*", Decision.Allowed)]
    [InlineData("ec2:Create*", "*", Decision.Allowed)]
    [InlineData("ec2:Create?mage", "*", Decision.Allowed)]
    [InlineData("*", "*", Decision.Allowed)]
    [InlineData("ec2:Delete*", "*", Decision.Silent)]
    [InlineData("s3:*", "*", Decision.Silent)]
    [InlineData("ec2:*", "arn:aws:ec2:us-east-1::image/*", Decision.Allowed)]
    [InlineData("ec2:*", "arn:aws:ec2:us-east-1::image/ami-1", Decision.Allowed)]
    [InlineData("ec2:*", "arn:aws:ec2:*::image/ami-?", Decision.Allowed)]
    [InlineData("ec2:*", "arn:aws:ec2:us-east-1::snapshot/*", Decision.Silent)]
    public void Actions_and_resources_match_with_wildcards(string action, string resource, Decision expected) =>
        Assert.Equal(expected, Decide(Statement("Allow", $"\"Action\":\"{action}\",\"Resource\":\"{resource}\"")));

    [Fact]
    public void A_denial_outweighs_every_allowance() => Assert.Equal(Decision.Denied, Decide(
        Statement("Allow", "\"Action\":\"*\",\"Resource\":\"*\"")
        + "," + Statement("Deny", "\"Action\":\"ec2:CreateImage\",\"Resource\":\"*\"")));

    [Theory]
    [InlineData("\"NotAction\":\"iam:*\",\"Resource\":\"*\"", Decision.Allowed)]
    [InlineData("\"NotAction\":[\"iam:*\",\"ec2:*\"],\"Resource\":\"*\"", Decision.Silent)]
    [InlineData("\"Action\":\"*\",\"NotResource\":\"arn:aws:ec2:*::snapshot/*\"", Decision.Allowed)]
    [InlineData("\"Action\":\"*\",\"NotResource\":\"arn:aws:ec2:*::image/*\"", Decision.Silent)]
    public void Not_elements_mean_all_others(string elements, Decision expected) =>
        Assert.Equal(expected, Decide(Statement("Allow", elements)));

    [Theory]
    [InlineData("StringEquals", "aws:PrincipalAccount", "\"111111111111\"", true)]
    [InlineData("StringEquals", "AWS:principalaccount", "\"111111111111\"", true)]
    [InlineData("StringEquals", "aws:PrincipalAccount", "[\"2\",\"111111111111\"]", true)]
    [InlineData("StringEquals", "aws:PrincipalAccount", "\"1111*\"", false)]
    [InlineData("StringLike", "aws:PrincipalAccount", "\"1111*\"", true)]
    [InlineData("StringNotLike", "aws:PrincipalAccount", "[\"2*\",\"1111*\"]", false)]
    [InlineData("StringNotEquals", "aws:PrincipalAccount", "\"2\"", true)]
    [InlineData("StringEqualsIgnoreCase", "my:word", "\"ALPHA\"", true)]
    [InlineData("StringNotEqualsIgnoreCase", "my:word", "\"ALPHA\"", false)]
    [InlineData("StringEquals", "my:none", "\"x\"", false)]
    [InlineData("StringNotEquals", "my:none", "\"x\"", true)]
    [InlineData("StringEqualsIfExists", "my:none", "\"x\"", true)]
    [InlineData("StringEqualsIfExists", "my:word", "\"x\"", false)]
    [InlineData("ForAnyValue:StringEquals", "aws:TagKeys", "[\"a\",\"z\"]", true)]
    [InlineData("ForAnyValue:StringEquals", "aws:TagKeys", "\"z\"", false)]
    [InlineData("ForAnyValue:StringEquals", "my:none", "\"z\"", false)]
    [InlineData("ForAllValues:StringEquals", "aws:TagKeys", "[\"a\",\"b\",\"c\"]", true)]
    [InlineData("ForAllValues:StringEquals", "aws:TagKeys", "\"a\"", false)]
    [InlineData("ForAllValues:StringEquals", "my:none", "\"a\"", true)]
    [InlineData("ForAllValues:StringNotEquals", "aws:TagKeys", "\"z\"", true)]
    [InlineData("ForAnyValue:StringNotEquals", "aws:TagKeys", "[\"a\",\"b\"]", false)]
    [InlineData("ArnLike", "aws:PrincipalArn", "\"arn:aws:iam::*:user/*\"", true)]
    [InlineData("ArnEquals", "aws:PrincipalArn", "\"arn:aws:iam::111111111111:user/alice\"", true)]
    [InlineData("ArnLike", "aws:PrincipalArn", "\"arn:*\"", false)]
    [InlineData("ArnNotLike", "aws:PrincipalArn", "\"arn:aws:iam::*:role/*\"", true)]
    [InlineData("Bool", "my:flag", "true", true)]
    [InlineData("Bool", "my:flag", "\"false\"", false)]
    [InlineData("Null", "my:none", "true", true)]
    [InlineData("Null", "my:word", "\"true\"", false)]
    [InlineData("Null", "my:word", "false", true)]
    [InlineData("NumericLessThan", "my:number", "8", true)]
    [InlineData("NumericLessThan", "my:number", "7", false)]
    [InlineData("NumericGreaterThanEquals", "my:number", "\"7\"", true)]
    [InlineData("NumericNotEquals", "my:number", "7.0", false)]
    [InlineData("DateGreaterThan", "aws:CurrentTime", "\"2026-01-01T00:00:00Z\"", true)]
    [InlineData("DateLessThan", "aws:CurrentTime", "\"2026-01-01T00:00:00Z\"", false)]
    [InlineData("DateGreaterThan", "aws:EpochTime", "1767225600", true)]
    [InlineData("IpAddress", "aws:SourceIp", "\"10.1.0.0/16\"", true)]
    [InlineData("IpAddress", "aws:SourceIp", "\"10.1.2.3\"", true)]
    [InlineData("IpAddress", "aws:SourceIp", "\"10.1.2.99/24\"", true)]
    [InlineData("IpAddress", "aws:SourceIp", "\"2001:db8::/32\"", false)]
    [InlineData("NotIpAddress", "aws:SourceIp", "\"10.0.0.0/16\"", true)]
    [InlineData("StringEquals", "aws:username", "\"${aws:PrincipalTag/owner}\"", true)]
    [InlineData("StringEquals", "aws:username", "\"${my:none, 'alice'}\"", true)]
    [InlineData("StringEquals", "aws:username", "\"${my:none}\"", false)]
    [InlineData("StringLike", "my:star", "\"a${*}b\"", true)]
    [InlineData("StringLike", "my:word", "\"a${*}a\"", false)]
    public void Conditions_compare_as_documented(string type, string key, string value, bool holds)
    {
        var conditions = $"{{\"{type}\":{{\"{key}\":{value}}}}}";

        var decision = Decide(Statement("Allow", $"\"Action\":\"*\",\"Resource\":\"*\",\"Condition\":{conditions}"));

        Assert.Equal(holds ? Decision.Allowed : Decision.Silent, decision);
    }

    [Fact]
    public void A_variable_in_a_resource_is_taken_literally()
    {
        var request = Request() with { Resource = "arn:aws:s3:::home/x", Context = Context().Set("aws:username", "*") };
        var policy = PolicyDocument.Parse(Policy(Statement("Allow",
            "\"Action\":\"*\",\"Resource\":\"arn:aws:s3:::home/${aws:username}\"")), PolicyKind.Identity);

        Assert.Equal(Decision.Silent, policy.Decide(request));
        Assert.Equal(Decision.Allowed, policy.Decide(request with { Resource = "arn:aws:s3:::home/*" }));
    }

    [Theory]
    [InlineData("\"*\"", Decision.Allowed)]
    [InlineData("""{"AWS":"*"}""", Decision.Allowed)]
    [InlineData("""{"AWS":"111111111111"}""", Decision.AllowedToAccount)]
    [InlineData("""{"AWS":["arn:aws:iam::111111111111:root","222222222222"]}""", Decision.AllowedToAccount)]
    [InlineData("""{"AWS":"arn:aws:iam::111111111111:user/alice"}""", Decision.Allowed)]
    [InlineData("""{"AWS":"arn:aws:iam::111111111111:user/bob"}""", Decision.Silent)]
    [InlineData("""{"AWS":"222222222222"}""", Decision.Silent)]
    [InlineData("""{"Service":"ec2.amazonaws.com"}""", Decision.Silent)]
    public void Principals_are_meant_directly_or_by_their_account(string principal, Decision expected)
    {
        var text = Policy(Statement("Allow", $"\"Principal\":{principal},\"Action\":\"*\",\"Resource\":\"*\""));

        Assert.Equal(expected, PolicyDocument.Parse(text, PolicyKind.Resource).Decide(Request()));
    }

    private static Decision Decide(string statements) =>
        PolicyDocument.Parse(Policy(statements), PolicyKind.Identity).Decide(Request());

    private static string Policy(string statements) => $$"""{"Version":"2012-10-17","Statement":[{{statements}}]}""";

    private static string Statement(string effect, string elements) => $"{{\"Effect\":\"{effect}\",{elements}}}";

    private static PolicyRequest Request() => new()
    {
        Action = "ec2:CreateImage",
        Resource = "arn:aws:ec2:us-east-1::image/ami-1",
        Principal = Alice,
        Context = Context(),
    };

    private static PolicyContext Context() => new PolicyContext()
        .Set("aws:PrincipalAccount", "111111111111").Set("aws:PrincipalArn", Alice.Arn).Set("aws:username", "alice")
        .Set("aws:PrincipalTag/owner", "alice").Set("aws:TagKeys", "a", "b").Set("aws:SourceIp", "10.1.2.3")
        .Set("aws:CurrentTime", "2026-06-01T00:00:00Z").Set("aws:EpochTime", "1780272000")
        .Set("my:word", "alpha").Set("my:flag", "true").Set("my:number", "7").Set("my:star", "a*b");
}
