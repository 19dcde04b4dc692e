using System.Text;
using CsCheck;
using Kiln.Service.Iam.Policies;

namespace Kiln.Tests.Iam.Policies;

public sealed class PolicyParserTests
{
    private const string Whole =
        """
        {"Version":"2012-10-17","Id":"x","Statement":[{"Sid":"a","Effect":"Allow","Action":["ec2:*","kms:Decrypt"],
        "Resource":["arn:aws:ec2:*::image/${aws:username}","*"],"Condition":{"ForAnyValue:StringLikeIfExists":
        {"aws:TagKeys":["a*","b"]},"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"NumericLessThan":{"s3:max-keys":10}}}]}
        """;

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"Statement":[]}""")]
    [InlineData("""{"Version":"2020-01-01","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}""")]
    [InlineData("""{"Statement":{"Effect":"Maybe","Action":"*","Resource":"*"}}""")]
    [InlineData("""{"Statement":{"Effect":"Allow","Resource":"*"}}""")]
    [InlineData("""{"Statement":{"Effect":"Allow","Action":"*"}}""")]
    [InlineData("""{"Statement":{"Effect":"Allow","Action":"RunInstances","Resource":"*"}}""")]
    [InlineData("""{"Statement":{"Effect":"Allow","Action":"*","Resource":"image/*"}}""")]
    [InlineData("""{"Statement":{"Effect":"Allow","Action":"*","NotAction":"a:b","Resource":"*"}}""")]
    [InlineData("""{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}""")]
    [InlineData("""{"Statement":{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}}""")]
    [InlineData("""{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Conditon":{}}}""")]
    [InlineData("""{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Equals":{"a:b":"c"}}}}""")]
    [InlineData(
        """{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"a:b":"x"}}}}""")]
    [InlineData(
        """{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"NumericEquals":{"a:b":"x"}}}}""")]
    public void Malformed_policies_are_refused(string text) =>
        Assert.Throws<PolicyException>(() => PolicyDocument.Parse(text, PolicyKind.Identity));

    [Fact]
    public void Deep_and_long_texts_are_refused_quickly()
    {
        Assert.Throws<PolicyException>(() => PolicyDocument.Parse(new string('[', 50_000), PolicyKind.Identity));
        Assert.Throws<PolicyException>(() => PolicyDocument.Parse(new string(' ', 200_000), PolicyKind.Identity));
        Assert.Throws<PolicyException>(
            () => PolicyDocument.Parse("{\"Id\":\"\\ud800\",\"\\ud800\":1}", PolicyKind.Identity));
    }

    [Fact]
    public void Any_text_is_a_policy_or_refused_never_a_fault() =>
        Gen.String.Sample(text => ParsesOrIsRefused(text), iter: 2_000);

    [Fact]
    public void Any_damage_to_a_policy_is_read_or_refused_never_a_fault() =>
        Gen.Select(Gen.Int[0, Whole.Length - 1], Gen.Int[0, 20], Gen.String[0, 5]).Sample((at, cut, put) =>
            ParsesOrIsRefused(Whole[..at] + put + Whole[Math.Min(Whole.Length, at + cut)..]), iter: 5_000);

    [Fact]
    public void Matching_takes_no_longer_for_hostile_wildcards()
    {
        var pattern = new StringBuilder().Insert(0, "*a", 400).Append('b').ToString();
        var text = new PolicyText(pattern, Variables: true);

        Assert.False(text.Matches(new string('a', 2_000), new PolicyContext()));
    }

    private static bool ParsesOrIsRefused(string text)
    {
        foreach (var kind in Enum.GetValues<PolicyKind>())
        {
            try
            {
                PolicyDocument.Parse(text, kind).Decide(new PolicyRequest
                {
                    Action = "ec2:RunInstances",
                    Resource = "arn:aws:ec2:us-east-1::image/ami-1",
                    Principal = new PolicyPrincipal("111111111111", "arn:aws:iam::111111111111:root"),
                    Context = new PolicyContext().Set("aws:SourceIp", "10.0.0.1").Set("s3:max-keys", "7"),
                });
            }
            catch (PolicyException)
            {
                // Refused, as it should be.
            }
        }
        return true;
    }
}
